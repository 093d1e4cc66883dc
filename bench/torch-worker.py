"""Times the four models of models.ts in PyTorch. Its arguments are the number of threads and the clock, `wall` or `cpu`.

Reads lines `<model> <what>` and answers each with the milliseconds of one run.
"""

import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
clock = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
torch.manual_seed(0)
BATCH = 128


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.blocks = nn.ModuleList()
        channels = 16
        for filters, stride in ((16, 1), (32, 2), (64, 2)):
            shortcut = nn.Identity() if stride == 1 else nn.Conv2d(channels, filters, 1, stride)
            convs = nn.Conv2d(channels, filters, 3, stride, 1), nn.Conv2d(filters, filters, 3, 1, 1)
            self.blocks.append(nn.ModuleList([*convs, shortcut]))
            channels = filters
        self.last = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.first(x))
        for one, two, shortcut in self.blocks:
            x = F.relu(two(F.relu(one(x))) + shortcut(x))
        return self.last(x.mean((2, 3)))


class LSTM(nn.Module):
    """Written out step by step: PyTorch's own LSTM on a CPU cannot be differentiated twice while fused."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(32, 64)
        self.last = nn.Linear(64, 10)

    def forward(self, x):
        h = c = torch.zeros(BATCH, 64)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.last(h)


def cnn():
    conv = lambda a, b, pad: [nn.Conv2d(a, b, 3, padding=pad), nn.ReLU()]
    return nn.Sequential(
        *conv(3, 32, 1), *conv(32, 32, 0), nn.MaxPool2d(2),
        *conv(32, 64, 1), *conv(64, 64, 0), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2304, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


class Model:
    def __init__(self, net, shape):
        self.net, self.params = net, list(net.parameters())
        self.x, self.y = torch.randn(BATCH, *shape), torch.arange(BATCH) % 10
        self.v = [torch.randn_like(p) for p in self.params]
        self.kept = None

    def loss(self):
        return F.cross_entropy(self.net(self.x), self.y)

    def gradient(self, graph=False):
        return torch.autograd.grad(self.loss(), self.params, create_graph=graph)

    def product(self, gradient, retain):
        return torch.autograd.grad(gradient, self.params, self.v, retain_graph=retain)

    def run(self, what):
        if what == "forward":
            with torch.no_grad():
                self.loss()
        elif what == "gradient":
            self.gradient()
        elif what == "hvp-kept":
            self.product(self.kept, True)
        elif what == "hvp-rebuilt":
            self.product(self.gradient(graph=True), False)
        else:
            raise ValueError(what)

    def time(self, what):
        if what == "hvp-kept":
            self.kept = self.gradient(graph=True)
        start = clock()
        self.run(what)
        elapsed = clock() - start
        self.kept = None
        return 1000 * elapsed


models = {
    "M1": Model(mlp(), (784,)),
    "M2": Model(cnn(), (3, 32, 32)),
    "M3": Model(ResNet8(), (3, 32, 32)),
    "M4": Model(LSTM(), (20, 32)),
}
instructions = [line.strip("- ") for line in torch.__config__.show().splitlines() if "CPU capability" in line]
print("ready", torch.__version__, *instructions, flush=True)
for line in sys.stdin:
    name, what, repeats = line.split()
    times = [models[name].time(what) for _ in range(int(repeats))]
    print(" ".join(f"{t:.4f}" for t in times), flush=True)
