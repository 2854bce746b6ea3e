"""Writes optim.json: what PyTorch's AdamW, gradient clipping and learning-rate schedules do.

Run with Debian's python3-torch 1.13.0:  /usr/bin/python3 make_optim.py
"""
import json
import os
import warnings

import torch

warnings.filterwarnings("ignore")
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)


def adamw():
    """Six steps over a matrix that decays and a vector that does not; the vector has no gradient in steps 1 and 4."""
    weight = torch.nn.Parameter(torch.randn(3, 5))
    bias = torch.nn.Parameter(torch.randn(4))
    start = {"weight": weight.tolist(), "bias": bias.tolist()}
    groups = [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0, "lr": 0.02}]
    optimiser = torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.95), eps=1e-6)
    steps = []
    for step in range(6):
        weight.grad = torch.randn(3, 5)
        bias.grad = None if step in (1, 4) else torch.randn(4)
        grads = {"weight": weight.grad.tolist(), "bias": None if bias.grad is None else bias.grad.tolist()}
        optimiser.step()
        steps.append({"grads": grads, "weight": weight.tolist(), "bias": bias.tolist()})
    return {
        "start": start,
        "steps": steps,
        "exp_avg_sq": optimiser.state[weight]["exp_avg_sq"].tolist(),
        "bias_steps": int(optimiser.state[bias]["step"]),
    }


def clipping():
    cases = []
    for max_norm in (0.5, 3.0, 100.0):
        grads = [torch.randn(3, 5), None, torch.randn(4) * 2]
        parameters = [torch.nn.Parameter(torch.zeros(3, 5)), torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(4))]
        for parameter, grad in zip(parameters, grads):
            parameter.grad = None if grad is None else grad.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
        cases.append({
            "max_norm": max_norm,
            "grads": [None if g is None else g.tolist() for g in grads],
            "norm": float(norm),
            "clipped": [None if p.grad is None else p.grad.tolist() for p in parameters],
        })
    return cases


def rates(build, steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=5e-5)
    scheduler = build(optimiser)
    result = []
    for _ in range(steps):
        result.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return result


def schedules():
    s = torch.optim.lr_scheduler
    return {
        "cosine": rates(lambda o: s.CosineAnnealingLR(o, T_max=40, eta_min=1e-6), 41),
        "warmup_constant": rates(lambda o: s.LambdaLR(o, lambda step: min(1.0, step / 10)), 20),
        "warmup_cosine": rates(
            lambda o: s.SequentialLR(
                o,
                [s.LinearLR(o, start_factor=0.02, total_iters=10), s.CosineAnnealingLR(o, T_max=40, eta_min=1e-6)],
                milestones=[10],
            ),
            50,
        ),
    }


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optim.json")
with open(path, "w", encoding="utf-8") as file:
    json.dump({"torch": torch.__version__, "adamw": adamw(), "clipping": clipping(), "schedules": schedules()}, file)
    file.write("\n")
