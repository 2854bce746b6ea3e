"""Writes the golden files of the model tests: a tiny network in plain PyTorch, in float64, with its outputs and gradients.

Run `python3 make.py` in this folder (PyTorch 1.13 or later). The architecture and the names of the weights are those of Hugging Face's
ViT and BERT and of KAD's decoder, written here from their public descriptions with torch.nn alone.
"""
import json
import math
import struct

import torch
from torch import nn

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)

SIZE, PATCH, WIDTH, HIDDEN, LAYERS, HEADS = 12, 4, 8, 10, 2, 2
VOCABULARY, TEXT_WIDTH, TEXT_HIDDEN, TEXT_LAYERS, TEXT_HEADS, POSITIONS = 17, 6, 9, 2, 3, 7
DECODER_LAYERS, DECODER_HEADS, DECODER_HIDDEN = 2, 4, 12


def attend(q, k, v, heads, mask=None):
    """Softmax attention of [b,s,d] and [b,t,d]; also the weights [b,h,s,t]. mask [b,t]: true = attend."""
    split = lambda x: x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)
    scores = split(q) @ split(k).transpose(2, 3) / math.sqrt(q.shape[-1] // heads)
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], -math.inf)
    weights = scores.softmax(-1)
    return (weights @ split(v)).transpose(1, 2).reshape(q.shape), weights


class Bag(nn.Module):
    """A module that only holds named children."""

    def __init__(self, /, **children):
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)


def block(width, hidden, inner):
    parts = {n: nn.Linear(width, width) for n in ("query", "key", "value")}
    return {
        "attention": Bag(**{inner: Bag(**parts), "output": Bag(dense=nn.Linear(width, width))}),
        "intermediate": Bag(dense=nn.Linear(width, hidden)),
        "output": Bag(dense=nn.Linear(hidden, width)),
    }


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = Bag(patch_embeddings=Bag(projection=nn.Conv2d(3, WIDTH, PATCH, PATCH)))
        self.embeddings.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.embeddings.position_embeddings = nn.Parameter(torch.randn(1, 1 + (SIZE // PATCH) ** 2, WIDTH))
        self.encoder = Bag(layer=nn.ModuleList(Bag(
            **block(WIDTH, HIDDEN, "attention"),
            layernorm_before=nn.LayerNorm(WIDTH, 1e-12), layernorm_after=nn.LayerNorm(WIDTH, 1e-12)) for _ in range(LAYERS)))
        self.layernorm = nn.LayerNorm(WIDTH, 1e-12)
        self.pooler = Bag(dense=nn.Linear(WIDTH, WIDTH))

    def forward(self, image):
        x = self.embeddings.patch_embeddings.projection(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.embeddings.cls_token.expand(len(x), -1, -1), x], 1) + self.embeddings.position_embeddings
        for layer in self.encoder.layer:
            a, y = layer.attention, layer.layernorm_before(x)
            y, _ = attend(a.attention.query(y), a.attention.key(y), a.attention.value(y), HEADS)
            x = x + a.output.dense(y)
            x = x + layer.output.dense(nn.functional.gelu(layer.intermediate.dense(layer.layernorm_after(x))))
        x = self.layernorm(x)
        return x[:, 1:], x[:, 0]


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        norm = lambda: nn.LayerNorm(TEXT_WIDTH, 1e-12)
        self.embeddings = Bag(
            word_embeddings=nn.Embedding(VOCABULARY, TEXT_WIDTH), position_embeddings=nn.Embedding(POSITIONS, TEXT_WIDTH),
            token_type_embeddings=nn.Embedding(2, TEXT_WIDTH), LayerNorm=norm())
        layers = []
        for _ in range(TEXT_LAYERS):
            layer = Bag(**block(TEXT_WIDTH, TEXT_HIDDEN, "self"))
            layer.attention.output.LayerNorm = norm()
            layer.output.LayerNorm = norm()
            layers.append(layer)
        self.encoder = Bag(layer=nn.ModuleList(layers))
        self.pooler = Bag(dense=nn.Linear(TEXT_WIDTH, TEXT_WIDTH))

    def forward(self, ids, mask):
        e = self.embeddings
        x = e.word_embeddings(ids) + e.position_embeddings.weight[: ids.shape[1]] + e.token_type_embeddings.weight[0]
        x = e.LayerNorm(x)
        for layer in self.encoder.layer:
            a = layer.attention
            inner = getattr(a, "self")
            y, _ = attend(inner.query(x), inner.key(x), inner.value(x), TEXT_HEADS, mask.bool())
            x = a.output.LayerNorm(x + a.output.dense(y))
            x = layer.output.LayerNorm(x + layer.output.dense(nn.functional.gelu(layer.intermediate.dense(x))))
        return torch.tanh(self.pooler.dense(x[:, 0]))


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert_model = Bert()
        self.mlp_embed = nn.Sequential(nn.Linear(TEXT_WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.logit_scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, ids, mask):
        return self.mlp_embed(self.bert_model(ids, mask))


class Query(nn.Module):
    def __init__(self):
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(-0.5))
        self.decoder_norm = nn.LayerNorm(WIDTH)
        self.decoder = Bag(layers=nn.ModuleList(Bag(
            self_attn=nn.MultiheadAttention(WIDTH, DECODER_HEADS, batch_first=True),
            multihead_attn=nn.MultiheadAttention(WIDTH, DECODER_HEADS, batch_first=True),
            linear1=nn.Linear(WIDTH, DECODER_HIDDEN), linear2=nn.Linear(DECODER_HIDDEN, WIDTH),
            norm1=nn.LayerNorm(WIDTH), norm2=nn.LayerNorm(WIDTH), norm3=nn.LayerNorm(WIDTH)) for _ in range(DECODER_LAYERS)),
            norm=self.decoder_norm)
        self.mlp_head = nn.Sequential(nn.Linear(WIDTH, 2))

    def forward(self, patches, features):
        x = self.decoder_norm(features).expand(len(patches), -1, -1)
        memory = self.decoder_norm(patches)
        for layer in self.decoder.layers:
            y = layer.norm1(x)
            x = x + layer.self_attn(y, y, y)[0]
            y, weights = layer.multihead_attn(layer.norm2(x), memory, memory)
            x = x + y
            x = x + layer.linear2(torch.relu(layer.linear1(layer.norm3(x))))
        return self.mlp_head(self.decoder_norm(x)), weights


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        dtype = {torch.float64: "F64", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


network = Bag(image_encoder=Bag(vit=Vit()), text_encoder=Text(), model=Query())
for parameter in network.parameters():
    nn.init.normal_(parameter, std=0.4)  # far from zero, so that every path shows in every gradient

image = torch.randn(2, 3, SIZE, SIZE)
ids = torch.randint(0, VOCABULARY, (3, 5))
mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]])

patches, pooled = network.image_encoder.vit(image)
features = network.text_encoder(ids, mask)
logits, attention = network.model(patches, features)
g_logits, g_map = torch.randn_like(logits), torch.randn_like(attention)
torch.autograd.backward([logits, attention], [g_logits, g_map])

state = network.state_dict(keep_vars=True)
state["text_encoder.bert_model.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
gradients = {"grad." + k: v.grad if v.grad is not None else torch.zeros_like(v) for k, v in state.items() if v.dtype == torch.float64}
one, one_map = network.model(patches, features[1:2])

save("weights.safetensors", state)
save("input.safetensors", {
    "image": image, "input_ids": ids, "attention_mask": mask, "cotangent.logits": g_logits, "cotangent.map": g_map})
save("output.safetensors", {
    "patch_tokens": patches, "pooled": pooled, "text_features": features, "logits": logits, "map": attention,
    "one.logits": one, "one.map": one_map, **gradients})
