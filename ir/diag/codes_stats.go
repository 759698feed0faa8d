package diag

// statsCodes are those of stored statistics.
var statsCodes = []Entry{
	{Code: "S001", Title: "not statistics",
		Meaning: "The file is not what \"amctc calibrate --stats\" writes: the message names the line where reading ended. It may be cut off: the last line has to be \"end\".",
		WayOut:  "Take the statistics again."},
	{Code: "S002", Title: "statistics of another version",
		Meaning: "The first line of the file names a version of the format that this amctc does not read.",
		WayOut:  "Use the amctc that wrote the file, or take the statistics again with this one."},
	{Code: "S003", Title: "statistics contradict themselves",
		Meaning: "The numbers of a tensor can't be those of any data: bins hold another number of elements than there are, or lie outside the extremes.",
		WayOut:  "The file was changed; take the statistics again."},
	{Code: "S004", Title: "statistics do not go together",
		Meaning: "The files to be merged are of different networks; the message names the layers that differ.",
		WayOut:  "Take the statistics of all shards from the same model with the same configuration of fusions."},
	{Code: "S005", Title: "statistics are stale",
		Meaning: "A tensor that needs factors is not in the statistics, or was computed by other layers: its model has been changed since. The message names the layers before it that differ. Tensors before the change can still be used.",
		WayOut:  "Take the statistics again with \"amctc calibrate MODEL --calib DATA --stats FILE\", or let the layers that read these tensors stay float by the configuration."},
	{Code: "S006", Title: "factors come from statistics",
		Meaning: "Ranges of activations were found from stored statistics. Extremes are exact, and so are percentiles near them; other searches take elements as spread evenly within 2^14 bins, which may choose a neighbouring candidate. Statistics are taken with float weights, where calibration with data takes quantized ones as AMCT does. A remark.",
		WayOut:  "None is needed. Calibrate with --calib for factors that are AMCT's."},
	{Code: "S007", Title: "setting needs data",
		Meaning: "Balancing, bias correction and rounding by data need calibration data; statistics of single tensors do not say what they need.",
		WayOut:  "Give --calib instead of --stats, or leave the setting out."},
}
