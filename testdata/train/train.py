#!/usr/bin/python3
"""Trains the networks of testdata/models and writes them as ONNX.

    train.py NAME [--data DIR] [--out DIR] [--epochs N] [--batch N] [--seed N]

NAME is one of lenet, residual, mobilenet, autoencoder, lstm, gru, vit. The script needs
PyTorch (1.13 or later) and numpy; nothing else of the project needs them.

Protocol. The last 5,000 of the 60,000 training images (after a seeded
shuffle) are held out for validation. The schedule is fixed in advance, the
weights of the last epoch are the ones exported, and the 10,000 test images
are looked at once, after training.

Files written for NAME into --out:

    NAME.onnx     opset 13, float32, axis 0 of input and output is free ("N")
    NAME.in.npy   float32 [4, ...], the first four test images, x/255
    NAME.out.npy  float32 [4, ...], what PyTorch computes for them
    NAME.json     the figures that testdata/models/README.md quotes
"""

import argparse
import gzip
import json
import os
import struct
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HELD_OUT = 5000


def read_idx(path):
    """Reads one gzipped IDX file of unsigned bytes."""
    with gzip.open(path, "rb") as f:
        raw = f.read()
    zero, kind, rank = struct.unpack(">HBB", raw[:4])
    if zero != 0 or kind != 8:
        sys.exit(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder, part):
    """Returns images [N,1,28,28] as x/255 and labels [N]."""
    x = read_idx(os.path.join(folder, f"{part}-images-idx3-ubyte.gz"))
    y = read_idx(os.path.join(folder, f"{part}-labels-idx1-ubyte.gz"))
    x = torch.from_numpy(x.astype(np.float32) / np.float32(255)).unsqueeze(1)
    return x, torch.from_numpy(y.astype(np.int64))


class LeNet(nn.Module):
    """Two 5x5 convolutions with max pooling, three dense layers."""

    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 5, padding=2)
        self.c2 = nn.Conv2d(8, 16, 5)
        self.f1 = nn.Linear(400, 120)
        self.f2 = nn.Linear(120, 84)
        self.f3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = torch.flatten(x, 1)
        return self.f3(F.relu(self.f2(F.relu(self.f1(x)))))


class Basic(nn.Module):
    """Two 3x3 convolutions and a shortcut, projected when the shape changes."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.c1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.b1 = nn.BatchNorm2d(cout)
        self.c2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.b2 = nn.BatchNorm2d(cout)
        self.short = None
        if stride != 1 or cin != cout:
            self.short = nn.Sequential(
                nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout)
            )

    def forward(self, x):
        s = x if self.short is None else self.short(x)
        x = F.relu(self.b1(self.c1(x)))
        return F.relu(self.b2(self.c2(x)) + s)


class Residual(nn.Module):
    """A stem and four basic blocks, global average pooling, one dense layer."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(
            Basic(16, 32, 2), Basic(32, 32, 1), Basic(32, 64, 2), Basic(64, 64, 1)
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn(self.stem(x))))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def conv_bn(cin, cout, kernel, stride=1, groups=1, act=True):
    layers = [
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6()] if act else []))


class Inverted(nn.Module):
    """MobileNetV2's inverted residual: expand 1x1, depthwise 3x3, project 1x1."""

    def __init__(self, cin, cout, stride, expand):
        super().__init__()
        mid = cin * expand
        self.add = stride == 1 and cin == cout
        self.body = nn.Sequential(
            conv_bn(cin, mid, 1),
            conv_bn(mid, mid, 3, stride, groups=mid),
            conv_bn(mid, cout, 1, act=False),
        )

    def forward(self, x):
        y = self.body(x)
        return x + y if self.add else y


class MobileNet(nn.Module):
    """A stem, six inverted residuals, a 1x1 head, global average pooling."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(1, 16, 3),
            Inverted(16, 24, 2, 3),
            Inverted(24, 24, 1, 3),
            Inverted(24, 32, 2, 4),
            Inverted(32, 32, 1, 4),
            Inverted(32, 48, 1, 4),
            Inverted(48, 48, 1, 4),
            conv_bn(48, 128, 1),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), 1)
        return self.head(torch.flatten(x, 1))


class Autoencoder(nn.Module):
    """Dense 784-128-64-16-64-128-784, linear code and linear output."""

    def __init__(self):
        super().__init__()
        self.e1, self.e2, self.e3 = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 16)
        self.d1, self.d2, self.d3 = nn.Linear(16, 64), nn.Linear(64, 128), nn.Linear(128, 784)

    def forward(self, x):
        x = self.e3(F.relu(self.e2(F.relu(self.e1(x)))))
        return self.d3(F.relu(self.d2(F.relu(self.d1(x)))))


class Rows(nn.Module):
    """One recurrent layer of 64 elements that reads an image row by row."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer(28, 64, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        _, state = self.layer(x.flatten(1, 2))
        if isinstance(state, tuple):
            state = state[0]
        return self.head(state[0])


class Block(nn.Module):
    """Attention of four heads and a layer of twice the width, each behind its own normalization."""

    def __init__(self, width, heads=4):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        def split(t):
            return t.reshape(-1, x.shape[1], self.heads, x.shape[2] // self.heads).transpose(1, 2)

        y = self.norm1(x)
        a = torch.softmax(split(self.q(y)) @ split(self.k(y)).transpose(2, 3) * self.scale, 3)
        x = x + self.out((a @ split(self.v(y))).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ViT(nn.Module):
    """Sixteen patches of 7x7 as tokens of 64 numbers, two blocks, the mean of all tokens."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 64, 7, 7)
        self.place = nn.Parameter(torch.randn(1, 16, 64) * 0.02)
        self.blocks = nn.Sequential(Block(64), Block(64))
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.place
        return self.head(self.norm(self.blocks(x)).mean(1))


# name: (class, data set folder, epochs, optimiser, peak rate, weight decay, mirror images?)
# None for the last leaves images as they are.
NETWORKS = {
    "lenet": (LeNet, "mnist", 12, "adam", 3e-3, 1e-4, False),
    "residual": (Residual, "fashion", 12, "sgd", 0.1, 5e-4, True),
    "mobilenet": (MobileNet, "fashion", 14, "sgd", 0.15, 2e-4, True),
    "autoencoder": (Autoencoder, "mnist", 40, "adam", 3e-3, 0.0, False),
    "lstm": (lambda: Rows(nn.LSTM), "fashion", 2, "adam", 8e-3, 0.0, None),
    "gru": (lambda: Rows(nn.GRU), "fashion", 2, "adam", 8e-3, 0.0, None),
    "vit": (ViT, "fashion", 2, "adam", 4e-3, 0.0, None),
}

# How many of the training images a network sees; all where nothing is said.
IMAGES = {"lstm": 30000, "gru": 30000, "vit": 30000}


def augment(x, mirror):
    """Moves the batch by up to two pixels and mirrors a random half of it."""
    dy, dx = torch.randint(0, 5, (2,)).tolist()
    x = F.pad(x, (2, 2, 2, 2))[:, :, dy : dy + 28, dx : dx + 28]
    if mirror:
        half = torch.rand(len(x)) < 0.5
        x = torch.where(half[:, None, None, None], x.flip(3), x)
    return x.contiguous()


def outputs(model, x):
    """Runs the model in evaluation mode, 500 rows at a time."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(b) for b in x.split(500)])


def score(name, model, x, y):
    """Fraction classified correctly, or mean squared error of the autoencoder."""
    out = outputs(model, x)
    if name == "autoencoder":
        return float(((out - x).double() ** 2).mean())
    return float((out.argmax(1) == y).double().mean())


def train(name, model, x, y, held_x, held_y, epochs, batch):
    _, _, _, kind, rate, decay, mirror = NETWORKS[name]
    if kind == "sgd":
        opt = torch.optim.SGD(
            model.parameters(), rate, momentum=0.9, weight_decay=decay, nesterov=True
        )
    else:
        opt = torch.optim.Adam(model.parameters(), rate, weight_decay=decay)
    steps = len(x) // batch
    plan = torch.optim.lr_scheduler.OneCycleLR(
        opt, max_lr=rate, total_steps=steps * epochs, pct_start=0.25, cycle_momentum=False
    )
    for epoch in range(epochs):
        model.train()
        began, total = time.time(), 0.0
        order = torch.randperm(len(x))
        for i in range(steps):
            pick = order[i * batch : (i + 1) * batch]
            if name == "autoencoder":
                loss = F.mse_loss(model(x[pick]), x[pick])
            else:
                seen = x[pick] if mirror is None else augment(x[pick], mirror)
                loss = F.cross_entropy(model(seen), y[pick])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            plan.step()
            total += float(loss)
        held = score(name, model, held_x, held_y)
        print(
            f"{name} epoch {epoch + 1}/{epochs} loss {total / steps:.5f} "
            f"held-out {held:.5f} {time.time() - began:.0f} s",
            flush=True,
        )
    return held


def export(name, model, sample, path):
    """Writes the network. residual.onnx keeps its BatchNormalization nodes;
    in the others PyTorch folds them into the convolutions."""
    keep = name == "residual"
    mode = torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL
    model.eval()
    torch.onnx.export(
        model,
        sample,
        path + ".part",
        opset_version=13,
        training=mode,
        do_constant_folding=not keep,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "N"}, "output": {0: "N"}},
    )
    os.replace(path + ".part", path)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    arg = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arg.add_argument("name", choices=sorted(NETWORKS))
    arg.add_argument("--data", default=os.path.join(here, "..", "data"),
                     help="folder with mnist/ and fashion/ (testdata/fetch fills it)")
    arg.add_argument("--out", default=os.path.join(here, "..", "models"))
    arg.add_argument("--epochs", type=int, default=0, help="0: the network's own number")
    arg.add_argument("--batch", type=int, default=128)
    arg.add_argument("--seed", type=int, default=1)
    a = arg.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    torch.use_deterministic_algorithms(True)
    build, data, epochs = NETWORKS[a.name][:3]
    epochs = a.epochs or epochs
    x, y = load(os.path.join(a.data, data), "train")
    test_x, test_y = load(os.path.join(a.data, data), "t10k")
    if a.name == "autoencoder":
        x, test_x = x.flatten(1), test_x.flatten(1)
    order = torch.randperm(len(x))
    fit, held = order[:-HELD_OUT], order[-HELD_OUT:]
    fit = fit[: IMAGES.get(a.name, len(fit))]

    model = build()
    began = time.time()
    held_score = train(a.name, model, x[fit], y[fit], x[held], y[held], epochs, a.batch)
    seconds = time.time() - began
    test_score = score(a.name, model, test_x, test_y)

    base = os.path.join(a.out, a.name)
    sample = test_x[:4].clone()
    export(a.name, model, sample, base + ".onnx")
    np.save(base + ".in.npy", sample.numpy())
    np.save(base + ".out.npy", outputs(model, sample).numpy())
    figures = {
        "network": a.name,
        "data": data,
        "torch": torch.__version__,
        "seed": a.seed,
        "epochs": epochs,
        "batch": a.batch,
        "train_images": len(fit),
        "held_out_images": len(held),
        "test_images": len(test_x),
        "measure": "mse" if a.name == "autoencoder" else "accuracy",
        "held_out": held_score,
        "test": test_score,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes": os.path.getsize(base + ".onnx"),
        "seconds": round(seconds),
    }
    with open(base + ".json.part", "w") as f:
        json.dump(figures, f, indent=2)
        f.write("\n")
    os.replace(base + ".json.part", base + ".json")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
