// Executes a graph model in TensorFlow.js, on its portable backend, on samples of float32:
//
//   node run.js tf.min.js model.json input.f32 NAME output.f32 [NAME output.f32 ...]
//
// The input file holds one sample after another; so does the file of every output, which a NAME of a node chooses.
'use strict';
const fs = require('fs');
const path = require('path');

async function main() {
  const [library, model, input, ...outputs] = process.argv.slice(2);
  const tf = require(path.resolve(library));
  await tf.setBackend('cpu');
  const json = JSON.parse(fs.readFileSync(model));
  const files = json.weightsManifest.flatMap(g => g.paths.map(p => fs.readFileSync(path.join(path.dirname(model), p))));
  const bytes = Uint8Array.from(Buffer.concat(files));
  const net = await tf.loadGraphModel({
    load: async () => ({ ...json, weightSpecs: json.weightsManifest.flatMap(g => g.weights), weightData: bytes.buffer }),
  });
  const names = outputs.filter((_, i) => i % 2 === 0);
  const shape = net.inputs[0].shape.map(d => (d < 0 ? 1 : d));
  const size = shape.reduce((a, b) => a * b, 1);
  const raw = Uint8Array.from(fs.readFileSync(input));
  const all = new Float32Array(raw.buffer);
  if (all.length % size !== 0) throw new Error(`${all.length} numbers are no samples of ${shape}`);
  const got = names.map(() => []);
  for (let at = 0; at < all.length; at += size) {
    const result = net.execute(tf.tensor(all.slice(at, at + size), shape), names);
    [].concat(result).forEach((t, i) => got[i].push(Buffer.from(Float32Array.from(t.dataSync()).buffer)));
  }
  names.forEach((_, i) => fs.writeFileSync(outputs[2 * i + 1], Buffer.concat(got[i])));
}

main().catch(err => {
  console.error(String(err));
  process.exit(1);
});
