namespace Engine.Tests;

internal static partial class OperatorCases
{
    private static OperatorCase[] Windows =>
    [
        new("conv2d", "x[2,3,9,11] weight[5,3,3,3] bias[5]", "padding=1"),
        new("conv2d", "x[2,3,9,11] weight[5,3,3,3]", "stride=2 padding=1"),
        new("conv2d", "x[3,4,7,5] weight[6,4,1,1] bias[6]"),
        new("conv2d", "x[2,4,7,5] weight[6,4,1,1]", "stride=2"),
        new("conv2d", "x[1,3,23,19] weight[7,3,7,7]", "stride=2 padding=3"),
        new("conv2d", "x[2,2,13,10] weight[3,2,5,2] bias[3]", "stride=3,1 padding=0,1"),
        new("conv2d", "x[2,1,8,9] weight[1,1,1,3]", "stride=1,3 padding=3,0"),
        new("conv2d", "x[2,2,7,7] weight[3,2,7,7] bias[3]"),                   // one place
        new("conv2d", "x[1,2,3,2] weight[2,2,5,5]", "stride=3 padding=3"),      // some columns of the window see padding alone
        new("conv2d", "x[1,1,1,1] weight[1,1,1,1] bias[1]"),
        new("conv2d", "x[10,2,5,6] weight[3,2,3,3]", "padding=1"),              // more images than threads
        new("conv2d", "x[1,24,41,37] weight[40,24,3,3] bias[40]", "padding=1"),     // two tiles, all threads
        new("conv2d", "x[1,70,23,23] weight[66,70,1,1]"),
        new("conv2d", "x[0,3,9,11] weight[5,3,3,3] bias[5]", "padding=1"),
        new("batch_norm", "x[3,5,4,7] running_mean[5] running_var[5] weight[5] bias[5]", Values: Positive),
        new("batch_norm", "x[3,5,4,7] running_mean[5] running_var[5] weight[5] bias[5]", "training=true", Positive),
        new("batch_norm", "x[7,33] running_mean[33] running_var[33] weight[33] bias[33]", "training=true momentum=0.3", Positive),
        new("batch_norm", "x[7,33] running_mean[33] running_var[33]", Values: Positive),
        new("batch_norm", "x[2,3,5,5] running_mean[3] running_var[3]", "training=true eps=1e-3", Positive),
        new("batch_norm", "x[2,3,5,5] running_mean[3] running_var[3] weight[3]", "training=true momentum=1", Positive),
        new("batch_norm", "x[2,3,5,5] running_mean[3] running_var[3] bias[3]", "eps=0.1", Positive),
        new("batch_norm", "x[2,3,5,5] running_mean[3] running_var[3] bias[3]", "training=true", Positive),
        new("batch_norm", "x[1,2,9,1] running_mean[2] running_var[2] weight[2] bias[2]", "training=true", Positive),
        new("batch_norm", "x[2,1,61,67] running_mean[1] running_var[1] weight[1] bias[1]", "training=true", Positive),
        new("batch_norm", "x[40,2,3,5,2] running_mean[2] running_var[2] weight[2] bias[2]", "training=true momentum=0", Positive),
        new("batch_norm", "x[4,3,8,9] running_mean[3] running_var[3] weight[3] bias[3]", "training=true", "x=normal:100:1 running_var=range:0.5:2")
            { Rtol = 1e-4, HalfRtol = 0.6 },        // bf16 keeps steps of 0.5 about 100
        new("batch_norm", "x[1,4,1,1] running_mean[4] running_var[4] weight[4] bias[4]", Values: Positive),
        new("batch_norm", "x[0,3,4,4] running_mean[3] running_var[3] weight[3] bias[3]", "training=true", Positive),
        new("batch_norm", "x[0,3] running_mean[3] running_var[3] weight[3] bias[3]", Values: Positive),
        new("max_pool2d", "x[2,3,9,11]", "kernel_size=3 stride=2 padding=1", "x=distinct"),
        new("max_pool2d", "x[2,3,9,12]", "kernel_size=2", "x=distinct"),
        new("max_pool2d", "x[2,1,10,13]", "kernel_size=3,5 stride=1,3 padding=1,2", "x=distinct"),
        new("max_pool2d", "x[1,2,17,8]", "kernel_size=7,1 stride=3 padding=3,0", "x=distinct"),
        new("max_pool2d", "x[1,5,7,7]", "kernel_size=7", "x=distinct"),
        new("max_pool2d", "x[3,1,6,5]", "kernel_size=1 stride=2", "x=distinct"),
        new("max_pool2d", "x[1,1,1,1]", "kernel_size=3 padding=1", "x=distinct"),
        new("max_pool2d", "x[2,70,31,33]", "kernel_size=3 stride=2 padding=1", "x=distinct"),
        new("max_pool2d", "x[0,3,9,11]", "kernel_size=3 stride=2 padding=1"),
    ];

    private static WrongCall[] WrongWindows =>
    [
        new("conv2d", "x[2,3,8,8] weight[5,4,3,3]", "", "conv2d: weight must be [5,3,3,3] ([o,c,ky,kx] with c of x [2,3,8,8]), found [5,4,3,3]"),
        new("conv2d", "x[3,8,8] weight[5,3,3,3]", "", "x must be [b,c,h,w], found [3,8,8]"),
        new("conv2d", "x[2,3,8,8] weight[5,3,3,3] bias[3]", "", "bias must be [5] (o is the first axis of weight [5,3,3,3]), found [3]"),
        new("conv2d", "x[2,3,4,8] weight[5,3,7,7]", "padding=1", "the window 7 x 7 must fit x and its padding 1,1, found x [2,3,4,8]"),
        new("conv2d", "x[2,3,8,8] weight[5,3,3,3]", "stride=0", "stride must be at least 1, found 0"),
        new("conv2d", "x[2,3,8,8] weight[5,3,3,3]", "padding=-1", "padding must be at least 0"),
        new("conv2d", "x[2,3,8,8] weight[5,3,3,3]", "stride=1,2,3", "attribute stride must be one integer or two (rows, columns), found 3"),
        new("batch_norm", "x[2,3,4] running_mean[4] running_var[3]", "", "running_mean must be [3] (the channels of x [2,3,4]), found [4]"),
        new("batch_norm", "x[2,3,4] running_mean[3] running_var[3] weight[2]", "", "weight must be [3] (the channels of x [2,3,4]), found [2]"),
        new("batch_norm", "x[3] running_mean[3] running_var[3]", "", "x must be [b,c,...], found [3]"),
        new("batch_norm", "x[1,3,1,1] running_mean[3] running_var[3]", "training=true", "training needs more than one value for each channel, found x [1,3,1,1]"),
        new("batch_norm", "x[2,3] running_mean[3] running_var[3]", "momentum=2", "momentum must be from 0 to 1, found 2"),
        new("batch_norm", "x[2,3] running_mean[3]", "", "input 'running_var' [c] is missing"),
        new("max_pool2d", "x[2,3,8,8]", "kernel_size=3 padding=2", "padding must be at most half of kernel_size, found 2"),
        new("max_pool2d", "x[2,3,8,8]", "kernel_size=9", "the window 9 x 9 must fit x and its padding 0,0, found x [2,3,8,8]"),
        new("max_pool2d", "x[2,3,8,8]", "kernel_size=0", "kernel_size must be at least 1, found 0"),
        new("max_pool2d", "x[2,3,8,8]", "", "attribute 'kernel_size' must be given"),
        new("max_pool2d", "x[2,8,8]", "kernel_size=2", "x must be [b,c,h,w], found [2,8,8]"),
    ];

    private const string Positive = "running_var=range:0.2:3";
}
