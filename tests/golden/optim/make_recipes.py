"""Writes recipes.json: frozen parts, layer-wise learning rates and a moving average of weights, as PyTorch does them.

Run with Debian's python3-torch 1.13.0:  /usr/bin/python3 make_recipes.py

The parameters have the names of a network of 3 image and 2 text blocks. What is frozen has requires_grad=False and stays out of the loss's
gradient; each learning rate is a param group's, by the rule of BEiT and MAE: number the embeddings 0, block i as i + 1, what follows as
blocks + 1, and take decay ** (blocks + 1 - number). The average is torch.optim.swa_utils.AveragedModel's.
"""
import json
import os

import torch
from torch.optim.swa_utils import AveragedModel

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
LR, DECAY, WEIGHT_DECAY, EMA, STEPS = 0.01, 0.65, 0.1, 0.9, 6
VIT, BERT = "image_encoder.vit", "text_encoder.bert_model"
IMAGE_BLOCKS, TEXT_BLOCKS = 3, 2
NAMES = (
    [f"{VIT}.embeddings.cls_token", f"{VIT}.embeddings.position_embeddings", f"{VIT}.embeddings.patch_embeddings.projection.weight"]
    + [f"{VIT}.encoder.layer.{i}.{rest}" for i in range(IMAGE_BLOCKS) for rest in ("intermediate.dense.weight", "layernorm_before.bias")]
    + [f"{VIT}.layernorm.weight"]
    + [f"{BERT}.embeddings.word_embeddings.weight", f"{BERT}.embeddings.LayerNorm.bias"]
    + [f"{BERT}.encoder.layer.{i}.output.dense.weight" for i in range(TEXT_BLOCKS)]
    + [f"{BERT}.pooler.dense.weight", "text_encoder.mlp_embed.0.bias"]
    + ["model.decoder.layers.0.linear1.weight", "model.mlp_head.0.bias", "heads.Mass.weight"]
)
FREEZE = [f"{VIT}.embeddings", f"{VIT}.encoder.layer.[0-1].*.bias", "*.pooler.dense", "model.decoder.layers.{0..1}"]
FROZEN = [
    name for name in NAMES
    if name.startswith(f"{VIT}.embeddings.")
    or name in (f"{VIT}.encoder.layer.0.layernorm_before.bias", f"{VIT}.encoder.layer.1.layernorm_before.bias")
    or ".pooler.dense." in name
    or name.startswith("model.decoder.layers.0.")
]


def scale(name):
    """As get_layer_id and layer_scales do it: a number a layer, from the embeddings up."""
    blocks = IMAGE_BLOCKS if name.startswith("image_encoder") else TEXT_BLOCKS
    if not name.startswith(("image_encoder", "text_encoder")):
        return 1.0
    scales = [DECAY ** (blocks + 1 - i) for i in range(blocks + 2)]
    if ".embeddings." in name:
        return scales[0]
    if ".encoder.layer." in name:
        return scales[int(name.split(".encoder.layer.")[1].split(".")[0]) + 1]
    return scales[-1]


class Weights(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name in NAMES:
            shape = (2, 3) if name.endswith("weight") or "embeddings" in name and "LayerNorm" not in name else (3,)
            parameter = torch.nn.Parameter(torch.randn(shape))
            parameter.requires_grad_(name not in FROZEN)
            self.register_parameter(name.replace(".", "/"), parameter)

    def named(self):
        return [(name.replace("/", "."), parameter) for name, parameter in self.named_parameters()]


def values(module_or_average):
    inner = getattr(module_or_average, "module", module_or_average)
    return {name: parameter.detach().tolist() for name, parameter in inner.named()}


model = Weights()
average = AveragedModel(model, avg_fn=lambda kept, new, count: EMA * kept + (1 - EMA) * new)
optimiser = torch.optim.AdamW(
    [
        {"params": [p], "lr": LR * scale(name), "weight_decay": WEIGHT_DECAY if p.dim() > 1 else 0.0}
        for name, p in model.named() if p.requires_grad
    ],
    lr=LR,
)
result = {
    "torch": torch.__version__, "lr": LR, "decay": DECAY, "weight_decay": WEIGHT_DECAY, "ema": EMA, "freeze": FREEZE, "frozen": FROZEN,
    "scales": {name: scale(name) for name in NAMES}, "start": values(model), "steps": [],
}
for _ in range(STEPS):
    gradients = {name: torch.randn(p.shape) for name, p in model.named()}
    optimiser.zero_grad(set_to_none=True)
    sum((gradients[name] * p).sum() for name, p in model.named()).backward()
    assert all((p.grad is None) == (name in FROZEN) for name, p in model.named())
    optimiser.step()
    average.update_parameters(model)
    result["steps"].append({
        "grads": {name: g.tolist() for name, g in gradients.items()}, "values": values(model), "average": values(average),
    })
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipes.json")
with open(path, "w", encoding="utf-8") as file:
    json.dump(result, file)
    file.write("\n")
