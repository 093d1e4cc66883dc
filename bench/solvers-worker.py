"""Times the five largest eigenvalues of a net of test/spectra in PyTorch, from the model to the pairs.

    python3 bench/solvers-worker.py test/spectra/mnist-mlp

Prints one JSON line for each method: PyHessian's (Yao, Gholami, Keutzer & Mahoney 2020: power iteration with
deflation, stopped when an eigenvalue changes by less than tol, written from the paper) at its default tolerance
1e-3 and at 1e-6, and SciPy's eigsh over the same products. One thread.
"""

import json
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse.linalg import LinearOperator, eigsh

torch.set_num_threads(1)
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
reference = json.loads((folder / "reference.json").read_text())
truth = np.array(reference.get("top10", reference.get("top5"))[:5])


def read(name, dtype="<f4"):
    return torch.from_numpy(np.fromfile(folder / f"{name}.bin", dtype))


if "weights" in manifest:
    flat, weights = read("weights"), []
    for entry in manifest["weights"]:
        size = int(np.prod(entry["shape"]))
        weights.append(flat[:size].reshape(entry["shape"]))
        flat = flat[size:]
    x = read("x").reshape(-1, 32, 32, 3).permute(0, 3, 1, 2).contiguous()
else:
    weights = [read(n).reshape(manifest[n]["shape"]) for n in ("W1", "b1", "W2", "b2", "W3", "b3")]
    x = read("x").reshape(-1, 784)
weights = [w.clone().requires_grad_() for w in weights]
y = read("y", "<i4").long()


def loss():
    if "weights" not in manifest:
        h = x
        for layer in range(3):
            h = h @ weights[2 * layer] + weights[2 * layer + 1]
            h = F.relu(h) if layer < 2 else h
        return F.cross_entropy(h, y)
    kernels = [w.permute(3, 2, 0, 1) for w in weights[:8:2]]
    h = x
    for layer, pad in enumerate((1, 0, 1, 0)):
        h = F.relu(F.conv2d(h, kernels[layer], weights[2 * layer + 1], padding=pad))
        h = F.max_pool2d(h, 2) if pad == 0 else h
    h = h.permute(0, 2, 3, 1).flatten(1)
    return F.cross_entropy(F.relu(h @ weights[8] + weights[9]) @ weights[10] + weights[11], y)


class Hessian:
    def __init__(self):
        self.gradient = torch.autograd.grad(loss(), weights, create_graph=True)
        self.products = 0

    def __call__(self, v):
        self.products += 1
        return torch.autograd.grad(self.gradient, weights, grad_outputs=v, retain_graph=True)


def dot(a, b):
    return sum((p * q).sum() for p, q in zip(a, b))


def unit(v):
    norm = dot(v, v).sqrt()
    return [p / norm for p in v]


def pyhessian(tol, most=100):
    hessian, values, vectors = Hessian(), [], []
    while len(values) < 5:
        v, value = unit([torch.randn_like(w) for w in weights]), None
        for _ in range(most):
            for u in vectors:
                along = dot(v, u)
                v = [p - along * q for p, q in zip(v, u)]
            v = unit(v)
            image = hessian(v)
            before, value = value, float(dot(image, v))
            v = unit(image)
            if before is not None and abs(value - before) / (abs(before) + 1e-6) < tol:
                break
        values.append(value)
        vectors.append(v)
    return hessian.products, np.sort(values)[::-1]


def arpack():
    hessian, sizes = Hessian(), [w.numel() for w in weights]

    def matvec(v):
        parts = torch.from_numpy(v.astype(np.float32).ravel()).split(sizes)
        image = hessian([p.reshape(w.shape) for p, w in zip(parts, weights)])
        return torch.cat([p.reshape(-1) for p in image]).numpy()

    operator = LinearOperator((sum(sizes), sum(sizes)), matvec=matvec, dtype=np.float32)
    values = eigsh(operator, k=5, which="LA", tol=1e-3, return_eigenvectors=True)[0]
    return hessian.products, values[::-1]


methods = {
    "PyHessian, tol 1e-3": lambda: pyhessian(1e-3),
    "PyHessian, tol 1e-6": lambda: pyhessian(1e-6),
    "SciPy eigsh": arpack,
}
Hessian()([torch.randn_like(w) for w in weights])
for name, method in methods.items():
    torch.manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    wall, cpu = time.perf_counter(), time.process_time()
    products, values = method()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    error = float(abs(values / truth - 1).max())
    print(json.dumps({"name": name, "products": products, "wall": 1e3 * wall, "cpu": 1e3 * cpu, "error": error}))
