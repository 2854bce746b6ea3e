"""Writes the checkpoints of the reader's tests with PyTorch itself, and what they hold as JSON.

Run `python3 make.py` in this folder (PyTorch 1.13 or later).
- kinds.pt, kinds.json: every element type, views, strides, aliases, nesting, numbers and text.
- kad.pt: a small network in the dictionary that KAD's main.py saves, optimiser and settings included. Its metadata makes it one of ours,
  so that predict can read it too.
"""
import json
from collections import OrderedDict

import torch

torch.manual_seed(11)


def kinds():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8
    shared = torch.arange(10, dtype=torch.int64)
    tensors = {
        "f64": torch.randn(3, dtype=torch.float64), "f32": torch.randn(2, 3), "f16": torch.tensor([1, -0.5, 6e-8, float("inf")]).half(),
        "bf16": torch.randn(5).bfloat16(), "i64": torch.tensor([-1, 2 ** 40]), "i32": torch.tensor([-7, 2 ** 30], dtype=torch.int32),
        "i16": torch.tensor([-7, 300], dtype=torch.int16), "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 1, 1], dtype=torch.uint8), "bool": torch.tensor([[True, False]]),
        "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "transposed": base.transpose(0, 2), "slice": base[:, 1:, ::2],
        "view": base[1], "tail": shared[4:], "all": shared, "row": shared.reshape(1, 10).expand(1, 10), "parameter": torch.nn.Parameter(base[0]),
    }
    saved = {
        "nested": OrderedDict(tensors), "list": [tensors["f32"], (tensors["i64"], {"deep": tensors["f16"]})],
        5: {"number": tensors["f32"] + 1}, "epoch": 12, "lr": 1e-3, "on": True, "note": "Grüße\n", "big": 2 ** 70, "nothing": None,
        "size": torch.Size([2, 3]), "device": torch.device("cpu"), "dtype": torch.float32, "set": {1, 2},
        "config": {"optimizer": {"opt": "adamW", "lr": 5e-5}, "sizes": [224, 224]},
    }
    torch.save(saved, "kinds.pt")
    names = {f"nested.{k}": v for k, v in tensors.items()}
    names |= {"list.0": tensors["f32"], "list.1.0": tensors["i64"], "list.1.1.deep": tensors["f16"], "5.number": tensors["f32"] + 1}
    labels = {"float": "f", "bfloat": "bf", "int": "i", "uint": "u"}
    listed = []
    for name, tensor in names.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        letters = kind.rstrip("0123456789")
        values = [repr(float(x)) if tensor.is_floating_point() else int(x) for x in tensor.detach().reshape(-1)]
        listed.append({"name": name, "type": labels[letters] + kind[len(letters):] if letters in labels else kind,
                       "shape": list(tensor.shape), "values": values})
    with open("kinds.json", "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(each) for each in listed) + "\n]\n")


def state(shapes):
    """A state dictionary as Module.state_dict() makes one: ordered, with versions beside it."""
    result = OrderedDict((name, 0.2 * torch.randn(shape)) for name, shape in shapes.items())
    for name in shapes:
        if "norm" in name.lower() and name.endswith("weight"):
            result[name] += 1
    result._metadata = OrderedDict({"": {"version": 1}})
    return result


def linear(name, out, into):
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def block(name, width, hidden, inner, before, after):
    shapes = {}
    for part in ("query", "key", "value"):
        shapes |= linear(f"{name}.attention.{inner}.{part}", width, width)
    return shapes | linear(f"{name}.attention.output.dense", width, width) | linear(f"{name}.intermediate.dense", hidden, width) \
        | linear(f"{name}.output.dense", width, hidden) | norm(f"{name}.{before}", width) | norm(f"{name}.{after}", width)


def kad():
    width, text, hidden = 16, 8, 24
    image_encoder = state({
        "vit.embeddings.cls_token": (1, 1, width), "vit.embeddings.position_embeddings": (1, 17, width),
        "vit.embeddings.patch_embeddings.projection.weight": (width, 3, 8, 8), "vit.embeddings.patch_embeddings.projection.bias": (width,),
        **block("vit.encoder.layer.0", width, hidden, "attention", "layernorm_before", "layernorm_after"),
        **norm("vit.layernorm", width), **linear("vit.pooler.dense", width, width),
    })
    bert = "bert_model.embeddings"
    text_encoder = state({
        f"{bert}.word_embeddings.weight": (8, text), f"{bert}.position_embeddings.weight": (6, text),
        f"{bert}.token_type_embeddings.weight": (2, text), **norm(f"{bert}.LayerNorm", text),
        **block("bert_model.encoder.layer.0", text, 12, "self", "attention.output.LayerNorm", "output.LayerNorm"),
        **linear("bert_model.pooler.dense", text, text), **linear("mlp_embed.0", 12, text), **linear("mlp_embed.2", width, 12),
        "logit_scale": (),
    })
    text_encoder[f"{bert}.position_ids"] = torch.arange(6).expand((1, -1))
    layer = "decoder.layers.0"
    shapes = norm("decoder_norm", width)
    for part in ("self_attn", "multihead_attn"):
        shapes |= {f"{layer}.{part}.in_proj_weight": (3 * width, width), f"{layer}.{part}.in_proj_bias": (3 * width,)}
        shapes |= linear(f"{layer}.{part}.out_proj", width, width)
    shapes |= linear(f"{layer}.linear1", hidden, width) | linear(f"{layer}.linear2", width, hidden)
    for i in (1, 2, 3):
        shapes |= norm(f"{layer}.norm{i}", width)
    model = state(shapes | linear("mlp_head.0", 2, width) | {"logit_scale": ()})
    for part in ("weight", "bias"):
        model[f"decoder.norm.{part}"] = model[f"decoder_norm.{part}"]
    heads = OrderedDict()
    for finding in ("Consolidation", "Mass"):
        heads[f"{finding}.weight"] = torch.eye(16) + 0.1 * torch.randn(16, 16)
        heads[f"{finding}.bias"] = 0.1 * torch.randn(16)

    parameters = [torch.nn.Parameter(model[f"decoder_norm.{part}"].clone()) for part in ("weight", "bias")]
    optimizer = torch.optim.AdamW(parameters, lr=5e-5, weight_decay=0.02)
    sum((p ** 2).sum() for p in parameters).backward()
    optimizer.step()
    about = {
        "version": 1, "findings": ["Consolidation", "Mass"], "prompts": ["Consolidation", "Mass"], "has_heads": True,
        "model": {
            "image": {"size": 32, "patch": 8, "width": width, "layers": 1, "heads": 2, "hidden": hidden},
            "text": {"vocabulary": 8, "max_positions": 6, "width": text, "layers": 1, "heads": 2, "hidden": 12, "projection": 12},
            "decoder": {"layers": 1, "heads": 2, "hidden": hidden},
        },
        "preprocessing": {"image_size": 32},
    }
    torch.save({
        "model": model, "image_encoder": image_encoder, "text_encoder": text_encoder, "heads": heads,
        "text_features": torch.randn(2, width), "optimizer": optimizer.state_dict(),
        "lr_scheduler": {"base_values": [5e-5], "metric": None, "noise_range_t": None, "t_in_epochs": True, "lr_min": 1e-6, "warmup_steps": [2.45e-6]},
        "config": {"img_res": 224, "optimizer": {"opt": "adamW", "lr": 5e-5}, "temp": 0.07}, "epoch": 3, "dwarf": json.dumps(about),
    }, "kad.pt")


kinds()
kad()
