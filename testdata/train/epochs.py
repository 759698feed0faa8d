#!/usr/bin/python3
"""Trains the residual network for the comparison of speed, a part at a time.

    epochs.py IMAGES LABELS SAMPLES BATCH THREADS

For every line on standard input: one pass over the first SAMPLES images in
batches, in random order, with momentum; then a line with the seconds it took
and the mean loss. One pass before the first line warms up.
"""

import os
import sys
import time

import torch
from torch import nn

from train import Residual, read_idx
import numpy as np


def main():
    images, labels, samples, batch, threads = sys.argv[1:]
    samples, batch = int(samples), int(batch)
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    x = torch.from_numpy(read_idx(images)[:samples].astype(np.float32) / np.float32(255)).unsqueeze(1)
    y = torch.from_numpy(read_idx(labels)[:samples].astype(np.int64))
    if os.environ.get("CHANNELS_LAST"):
        x = x.contiguous(memory_format=torch.channels_last)
    net = Residual()
    if os.environ.get("CHANNELS_LAST"):
        net = net.to(memory_format=torch.channels_last)
    net.train()
    opt = torch.optim.SGD(net.parameters(), 0.05, 0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss()

    def go():
        began, total = time.perf_counter(), 0.0
        order = torch.randperm(samples)
        for i in range(0, samples - batch + 1, batch):
            j = order[i : i + batch]
            opt.zero_grad()
            loss = loss_of(net(x[j]), y[j])
            loss.backward()
            opt.step()
            total += loss.item()
        return time.perf_counter() - began, total / (samples // batch)

    go()
    print("ready", flush=True)
    for _ in sys.stdin:
        print("%.6f %.6f" % go(), flush=True)


main()
