namespace Engine.Tests;

internal static partial class OperatorCases
{
    private static OperatorCase[] Products =>
    [
        new("matmul", "a[5,7] b[7,3]"),
        new("matmul", "a[3,1,4,5] b[2,5,6]"),
        new("matmul", "a[2,3,6,5] b[5,4]"),
        new("matmul", "a[2,5,4] b[1,3,5]", "transpose_a=true transpose_b=true"),
        new("matmul", "a[9,33] b[4,33,2]"),
        new("matmul", "a[1,1] b[1,1]"),
        new("matmul", "a[0,3,4] b[4,5]"),
        new("matmul", "a[2,3,0] b[0,4]"),
        new("linear", "x[2,9,16] weight[5,16] bias[5]"),
        new("linear", "x[4,7] weight[3,7]"),
        new("linear", "x[7] weight[3,7] bias[3]", "activation=relu"),
        new("linear", "x[130,33] weight[17,33] bias[17]", "activation=gelu"),
        new("linear", "x[3,5,8] weight[70,8] bias[70]", "activation=relu"),
        new("linear", "x[2,8] weight[16,8] bias[16]", "activation=gelu", "x=normal:0:30"),     // both flat ends of GELU
        new("linear", "x[1,1] weight[1,1] bias[1]", "activation=gelu"),
        new("linear", "x[0,4,8] weight[3,8] bias[3]", "activation=gelu"),
    ];

    private static OperatorCase[] Attentions =>
    [
        new("attention", "q[2,3,5,8] k[2,3,7,8] v[2,3,7,8]"),
        new("attention", "q[2,2,4,8] k[2,2,6,8] v[2,2,6,8] key_mask[2,6]"),
        new("attention", "q[3,2,4,5] k[3,2,3,5] v[3,2,3,5] key_mask[3,3]", Values: "key_mask=deadkeys"),
        new("attention", "q[1,1,1,1] k[1,1,1,1] v[1,1,1,1]"),
        new("attention", "q[1,2,65,32] k[1,2,65,32] v[1,2,65,32]"),
        new("attention", "q[1,1,197,4] k[1,1,197,4] v[1,1,197,4]"),
        new("attention", "q[1,1,20,3] k[1,1,4100,3] v[1,1,4100,3]"),                               // more than one block of rows
        new("attention", "q[1,2,6,4] k[1,2,9,4] v[1,2,9,4]", "scale=2.5", "q=normal:0:8 k=normal:0:4"),    // |logits| past 80
        new("attention", "q[2,2,5,4] k[2,2,37,4] v[2,2,37,4] key_mask[2,37]", "dropout_p=0.3 seed=11 offset=5"),
        new("attention", "q[1,1,3,4] k[1,1,3,4] v[1,1,3,4]", "dropout_p=1"),
        new("attention", "q[2,2,3,4] k[2,2,0,4] v[2,2,0,4]"),                                     // no keys: zeros
        new("attention", "q[0,2,3,4] k[0,2,5,4] v[0,2,5,4] key_mask[0,5]"),
        new("cross_attention", "q[2,4,1,8] k[2,4,64,8] v[2,4,64,8]"),
        new("cross_attention", "q[2,3,5,4] k[2,3,7,4] v[2,3,7,4] key_mask[2,7]", Values: "key_mask=deadkeys"),
        new("cross_attention", "q[2,2,3,4] k[2,2,19,4] v[2,2,19,4]", "dropout_p=0.25 seed=-3"),
        new("cross_attention", "q[2,2,3,4] k[2,2,19,4] v[2,2,19,4] key_mask[2,19]", "dropout_p=0.25 map_after_dropout=true scale=0.3"),
        new("cross_attention", "q[1,1,2,3] k[1,1,1,3] v[1,1,1,3]"),
        new("cross_attention", "q[0,2,3,4] k[0,2,5,4] v[0,2,5,4]"),
    ];

    private static WrongCall[] WrongAttentions =>
    [
        new("attention", "q[2,3,5,8] k[2,3,7,6] v[2,3,7,6]", "", "attention: k must be [2,3,7,8] ([b,h,t,d] with b, h and d of q [2,3,5,8]), found [2,3,7,6]"),
        new("attention", "q[5,8] k[7,8] v[7,8]", "", "q must be [b,h,s,d], found [5,8]"),
        new("attention", "q[1,1,5,8] k[1,1,7,8] v[1,1,7,8] key_mask[1,5]", "", "key_mask must be [1,7] ([b,t]), found [1,5]"),
        new("attention", "q[1,1,5,8] k[1,1,7,8] v[1,1,7,8]", "dropout_p=1.5", "dropout_p must be from 0 to 1, found 1.5"),
        new("cross_attention", "q[1,1,5,8] k[1,1,7,8] v[1,1,6,8]", "", "cross_attention: v must be [1,1,7,8] (the shape of k)"),
    ];

    private static WrongCall[] WrongProducts =>
    [
        new("matmul", "a[2,3] b[4,5]", "", "b must be [...,k,n] with k = 3 (as in a [2,3]), found [4,5]"),
        new("matmul", "a[3] b[3,5]", "", "at least two axes, found a [3]"),
        new("matmul", "a[2,4,3] b[3,3,5]", "", "leading axes of a [2,4,3] and b [3,3,5] must broadcast, found 2 against 3"),
        new("linear", "x[2,8] weight[4,7]", "", "linear: weight must be [4,8] (in is the last axis of x [2,8]), found [4,7]"),
        new("linear", "x[2,8] weight[4,8] bias[8]", "", "linear: bias must be [4]"),
        new("linear", "x[2,8] weight[4,8]", "activation=swish", "activation must be one of none, gelu, relu, found 'swish'"),
    ];
}
