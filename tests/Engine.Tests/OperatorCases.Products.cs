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
