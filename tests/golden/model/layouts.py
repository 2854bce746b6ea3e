"""Writes the golden files of the other published layouts, each a tiny network in float64 with its outputs and gradients.

Run `python3 layouts.py` in this folder (PyTorch 1.13 or later). Names and architecture are those of KAD's other image encoders and of
MedKLIP, written here from their public descriptions with torch.nn alone; make.py has the parts that they share.
"""
import torch
from torch import nn

import make
from make import Bag, Query, Text, attend, save

torch.manual_seed(11)
IDS = torch.randint(0, make.VOCABULARY, (3, 5))
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]])
QUERIES, TEXT_FEATURES = 3, 5


class Lukemelas(nn.Module):
    """A ViT whose final norm and classifier KAD leaves out; KAD registers what it uses a second time."""

    def __init__(self):
        super().__init__()
        d, hidden = make.WIDTH, make.HIDDEN
        self.vit = Bag(patch_embedding=nn.Conv2d(3, d, make.PATCH, make.PATCH))
        self.vit.class_token = nn.Parameter(torch.randn(1, 1, d))
        self.vit.positional_embedding = Bag()
        self.vit.positional_embedding.pos_embedding = nn.Parameter(torch.randn(1, 1 + (make.SIZE // make.PATCH) ** 2, d))
        self.vit.transformer = Bag(blocks=nn.ModuleList(Bag(
            attn=Bag(proj_q=nn.Linear(d, d), proj_k=nn.Linear(d, d), proj_v=nn.Linear(d, d)), proj=nn.Linear(d, d),
            norm1=nn.LayerNorm(d, 1e-6), pwff=Bag(fc1=nn.Linear(d, hidden), fc2=nn.Linear(hidden, d)),
            norm2=nn.LayerNorm(d, 1e-6)) for _ in range(make.LAYERS)))
        self.vit.norm = nn.LayerNorm(d, 1e-6)
        self.vit.fc = nn.Linear(d, 4)
        for name in ("patch_embedding", "class_token", "positional_embedding", "transformer"):
            setattr(self, name, getattr(self.vit, name))

    def forward(self, image):
        x = self.patch_embedding(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1) + self.positional_embedding.pos_embedding
        for block in self.transformer.blocks:
            y = block.norm1(x)
            y, _ = attend(block.attn.proj_q(y), block.attn.proj_k(y), block.attn.proj_v(y), make.HEADS)
            x = x + block.proj(y)
            x = x + block.pwff.fc2(nn.functional.gelu(block.pwff.fc1(block.norm2(x))))
        return x[:, 1:], x[:, 0]


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, first):
        super().__init__()
        conv = lambda i, o, side, s: nn.Conv2d(i, o, side, s, side // 2, bias=False)
        self.conv1, self.bn1 = conv(inputs, width, 1, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * width, 1, 1), nn.BatchNorm2d(4 * width)
        if first:
            self.downsample = nn.Sequential(conv(inputs, 4 * width, 1, stride), nn.BatchNorm2d(4 * width))
        self.first = first

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y)))))
        return torch.relu(y + (self.downsample(x) if self.first else x))


def resnet(stem, width, blocks):
    """Conv, norm, ReLU, pool, four stages: the children of a ResNet in order, and its classifier."""
    inputs, parts = stem, [nn.Conv2d(3, stem, 7, 2, 3, bias=False), nn.BatchNorm2d(stem), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for stage, count in enumerate(blocks):
        w = width << stage
        parts.append(nn.Sequential(*(
            Bottleneck(inputs if i == 0 else 4 * w, w, 2 if stage > 0 and i == 0 else 1, i == 0) for i in range(count))))
        inputs = 4 * w
    return parts, nn.Linear(inputs, 4)


class Res(nn.Module):
    """KAD's ResNet encoders: the whole ResNet, the used children again, and two linear layers."""

    def __init__(self, stage, whole, width, blocks=(2, 1, 1, 1)):
        super().__init__()
        parts, classes = resnet(stem=3, width=2, blocks=blocks)
        if whole:
            names = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
            self.resnet = Bag(**dict(zip(names, parts)), fc=classes)
        self.res_features = nn.Sequential(*parts[: 4 + stage])
        channels = 8 << (stage - 1)
        self.res_l1, self.res_l2 = nn.Linear(channels, channels), nn.Linear(channels, width)

    def forward(self, image):
        x = self.res_features(image).flatten(2).transpose(1, 2)
        x = self.res_l2(torch.relu(self.res_l1(x)))
        return x, x.mean(1)


class MedKlip(Res):
    """One module: ResNet through layer3, a projection of given text features, a decoder that averages its layers' maps."""

    def __init__(self):
        super().__init__(3, whole=False, width=make.WIDTH)
        d, query = make.WIDTH, Query()
        self.disease_embedding_layer = nn.Linear(TEXT_FEATURES, d)
        self.cl_fc = nn.Linear(d, TEXT_FEATURES)
        self.decoder = query.decoder
        self.classifier = nn.Linear(d, 2)

    def decode(self, patches, features):
        queries, maps = self.disease_embedding_layer(features), []
        x = queries.expand(len(patches), -1, -1)
        for layer in self.decoder.layers:
            y = layer.norm1(x)
            x = x + layer.self_attn(y, y, y)[0]
            y, weights = layer.multihead_attn(layer.norm2(x), patches, patches)
            maps.append(weights)
            x = x + y
            x = x + layer.linear2(torch.relu(layer.linear1(layer.norm3(x))))
        return queries, self.classifier(self.decoder.norm(x)), torch.stack(maps).mean(0)


def spread(network):
    """Values far from zero, so that every path shows in every gradient, and statistics that are no batch's."""
    for module in network.modules():
        for parameter in module.parameters(recurse=False):
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5 if parameter.dim() == 4 else 0.4)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, mean=1, std=0.3)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            module.num_batches_tracked.fill_(7)
    network.eval()


def gradients(state):
    return {"grad." + k: torch.zeros_like(v) if v.grad is None else v.grad for k, v in state.items() if v.dtype == torch.float64}


def kad(name, encoder, image):
    network = Bag(image_encoder=encoder, text_encoder=Text(), model=Query())
    spread(network)
    patches, pooled = encoder(image)
    features = network.text_encoder(IDS, MASK)
    logits, attention = network.model(patches, features)
    g_logits, g_map = torch.randn_like(logits), torch.randn_like(attention)
    torch.autograd.backward([logits, attention], [g_logits, g_map])
    state = network.state_dict(keep_vars=True)
    save(f"{name}.weights.safetensors", state)
    save(f"{name}.input.safetensors", {
        "image": image, "input_ids": IDS, "attention_mask": MASK, "cotangent.logits": g_logits, "cotangent.map": g_map})
    result = {"patch_tokens": patches, "pooled": pooled, "text_features": features, "logits": logits, "map": attention}
    save(f"{name}.output.safetensors", {**result, **gradients(state)})
    return encoder


def training(name, encoder, image):
    """The encoder's training mode: batch statistics, running ones moved once."""
    encoder.train()
    for parameter in encoder.parameters():
        parameter.grad = None
    patches, _ = encoder(image)
    g_patches = torch.randn_like(patches)
    patches.backward(g_patches)
    features = {"res_features." + k: v for k, v in encoder.res_features.state_dict(keep_vars=True).items()}
    moved = {k: v for k, v in features.items() if "running" in k}
    save(f"{name}.training.safetensors", {
        "image": image, "cotangent": g_patches, "patch_tokens": patches, **moved,
        **{"grad." + k: v.grad for k, v in features.items() if v.grad is not None}})


kad("lukemelas", Lukemelas(), torch.randn(2, 3, make.SIZE, make.SIZE))
kad("resnet512", Res(4, whole=True, width=make.WIDTH, blocks=(1, 1, 1, 1)), torch.randn(2, 3, 70, 64))
resnet224 = kad("resnet224", Res(3, whole=True, width=make.WIDTH, blocks=(1, 2, 1, 1)), torch.randn(2, 3, 32, 41))
training("resnet224", resnet224, torch.randn(3, 3, 32, 41))

medklip = MedKlip()
spread(medklip)
image, texts = torch.randn(2, 3, 32, 32), torch.randn(QUERIES, TEXT_FEATURES)
patches, pooled = medklip(image)
queries, logits, attention = medklip.decode(patches, texts)
g_logits, g_map = torch.randn_like(logits), torch.randn_like(attention)
torch.autograd.backward([logits, attention], [g_logits, g_map])
state = {"model.module." + k: v for k, v in medklip.state_dict(keep_vars=True).items()}
save("medklip.weights.safetensors", state)
save("medklip.input.safetensors", {"image": image, "text_features": texts, "cotangent.logits": g_logits, "cotangent.map": g_map})
save("medklip.output.safetensors", {
    "patch_tokens": patches, "pooled": pooled, "text_features": queries, "logits": logits, "map": attention, **gradients(state)})
