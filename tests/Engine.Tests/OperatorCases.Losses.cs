namespace Engine.Tests;

/// <content>Losses and the optimiser's step.</content>
internal static partial class OperatorCases
{
    private static OperatorCase[] Losses =>
    [
        new("bce_with_logits", "logits[5,14] target[5,14]", Values: "target=binary"),
        new("bce_with_logits", "logits[5,14] target[5,14]", "reduction=sum", Values: "logits=range:-80:80 target=range:0:1"),
        new("bce_with_logits", "logits[5,14] target[5,14]", "reduction=none", Values: "target=binary"),
        new("bce_with_logits", "logits[3,9001] target[3,9001]", Values: "target=binary"),

        // 1.8e-35, and 0 in libtorch
        new("bce_with_logits", "logits[1] target[1]", Values: "logits=constant:-80 target=constant:0") { Floor = 1e-30 },
        new("bce_with_logits", "logits[0,14] target[0,14]", "reduction=sum"),
        new("cross_entropy", "logits[7,4] target[7]"),
        new("cross_entropy", "logits[7,4] target[7]", Values: "target=ignored:4"),
        new("cross_entropy", "logits[7,4] target[7]", "reduction=sum", Values: "target=ignored:4"),
        new("cross_entropy", "logits[7,4] target[7]", "reduction=none ignore_index=2"),
        new("cross_entropy", "logits[9,2] target[9]", Values: "logits=range:-80:80 target=below:2"),
        new("cross_entropy", "logits[5,700] target[5]", Values: "target=below:700"),
        new("cross_entropy", "logits[3,2] target[3]", Values: "logits=constant:2 target=constant:-1"),
        new("cross_entropy", "logits[3,1] target[3]", Values: "target=constant:0"),
        new("cross_entropy", "logits[0,4] target[0]"),
        new("soft_cross_entropy", "logits[7,5] target[7,5]", Values: "target=range:0:1"),
        new("soft_cross_entropy", "logits[6,4] target[6,4]", Values: "logits=range:-80:80 target=binary"),
        new("soft_cross_entropy", "logits[197,9] target[197,9]", Values: "logits=normal:100:1 target=deadrow"),
        new("soft_cross_entropy", "logits[3,1] target[3,1]", Values: "target=constant:1") { Floor = 1e-6 },     // log 1: zero by cancellation
        new("soft_cross_entropy", "logits[3,4] target[3,4]", Values: "target=constant:0"),
        new("soft_cross_entropy", "logits[0,4] target[0,4]"),
        new("fp_weighted_dice", "probability[5,196] target[5,196]", Values: "probability=range:0:1 target=binary"),
        new(
            "fp_weighted_dice", "probability[5,196] target[5,196]", "w_fp=3 alpha=0 reduction=none",
            "probability=range:0:1 target=range:0:1"),
        new("fp_weighted_dice", "logits[5,196] target[5,196]", "w_fp=0.5 reduction=sum", Values: "target=blocks:4"),
        new("fp_weighted_dice", "logits[2,50177] target[2,50177]", "w_fp=2", Values: "target=blocks:20"),
        new("fp_weighted_dice", "logits[3,40] target[3,40]", Values: "logits=range:-80:80 target=binary"),
        new("fp_weighted_dice", "logits[3,40] target[3,40]", Values: "target=constant:0"),
        new("fp_weighted_dice", "probability[4,1] target[4,1]", Values: "probability=range:0.1:0.9 target=constant:1"),
        new("fp_weighted_dice", "probability[0,9] target[0,9]"),
        new("fp_weighted_dice", "logits[0,9] target[0,9]", "reduction=none"),
        new("resized_dice", "logits[3,14,14] target[3,56,56]", "w_fp=2", Values: "target=blocks:4"),
        new("resized_dice", "logits[2,14,14] target[2,224,224]", Values: "target=binary"),
        new("resized_dice", "logits[3,5,7] target[3,33,41]", "alpha=0 w_fp=0.5 reduction=none", "target=range:0:1"),
        new("resized_dice", "logits[2,7,300] target[2,9,301]", "reduction=sum", "logits=range:-80:80 target=binary"),
        new("resized_dice", "logits[2,9,6] target[2,4,5]", Values: "target=binary"),        // smaller than the grid: some places unseen
        new("resized_dice", "logits[2,1,1] target[2,3,2]", Values: "target=binary"),
        new("resized_dice", "logits[1,2,1600] target[1,2,1601]", Values: "target=binary"),  // in f64 wider than a strip of the fused kernel
        new("resized_dice", "logits[0,3,3] target[0,6,6]"),
        new("adamw", "param[5,37] grad[5,37] exp_avg[5,37] exp_avg_sq[5,37]", Values: "exp_avg_sq=range:0:2"),
        new(
            "adamw", "param[3,9001] grad[3,9001] exp_avg[3,9001] exp_avg_sq[3,9001]",
            "lr=0.1 beta1=0.8 beta2=0.99 eps=1e-6 weight_decay=0.2 step=7", "exp_avg_sq=range:0:2"),
        new("adamw", "param[9] grad[9] exp_avg[9] exp_avg_sq[9]", "weight_decay=0", "exp_avg=constant:0 exp_avg_sq=constant:0"),
        new("adamw", "param[0] grad[0] exp_avg[0] exp_avg_sq[0]"),
    ];

    private static WrongCall[] WrongLosses =>
    [
        new("bce_with_logits", "logits[2,3] target[2]", "", "target must be [2,3] (the shape of logits), found [2]"),
        new("cross_entropy", "logits[2,3] target[3]", "", "target must be [2] (the rows of logits), found [3]"),
        new("cross_entropy", "logits[2] target[2]", "", "logits must be [n,c], found [2]"),
        new("cross_entropy", "logits[2,3] target[2]", "", "target[0] must be from 0 to 2 or -1, found 3", "target=constant:3"),
        new("cross_entropy", "logits[2,3] target[2]", "reduction=max", "one of mean, sum, none, found 'max'"),
        new("soft_cross_entropy", "logits[2,3] target[2,4]", "", "target must be [2,3] (the shape of logits), found [2,4]"),
        new("soft_cross_entropy", "logits[6] target[6]", "", "logits must be [n,c], found [6]"),
        new("fp_weighted_dice", "target[2,3]", "", "expected either probability or logits, found neither"),
        new("fp_weighted_dice", "probability[2,3] logits[2,3] target[2,3]", "", "expected either probability or logits, found both"),
        new("fp_weighted_dice", "logits[2,3] target[2,4]", "", "target must be [2,3] (the shape of logits), found [2,4]"),
        new("fp_weighted_dice", "logits[2,3] target[2,3]", "w_fp=-1", "w_fp must be at least 0, found -1"),
        new("resized_dice", "logits[2,9] target[2,3,3]", "", "logits must be [n,h,w], found [2,9]"),
        new("resized_dice", "logits[2,3,3] target[3,6,6]", "", "target must be [2,height,width] (the maps of logits), found [3,6,6]"),
        new("resized_dice", "logits[2,3,3] target[2,36]", "", "target must be [2,height,width] (the maps of logits), found [2,36]"),
        new("resized_dice", "logits[2,0,3] target[2,6,6]", "", "at least one pixel, found [2,0,3] and [2,6,6]"),
        new("resized_dice", "logits[2,3,3] target[2,6,6]", "w_fp=-1", "w_fp must be at least 0, found -1"),
        new("adamw", "param[3] grad[3] exp_avg[2] exp_avg_sq[3]", "", "exp_avg must be [3] (the shape of param), found [2]"),
        new("adamw", "param[3] grad[3] exp_avg[3] exp_avg_sq[3]", "step=0", "step must be at least 1, found 0"),
        new("adamw", "param[3] grad[3] exp_avg[3] exp_avg_sq[3]", "beta2=1", "beta2 must be at least 0 and below 1, found 1"),
    ];
}
