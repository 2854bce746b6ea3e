namespace Engine.Tests;

internal static partial class OperatorCases
{
    private static OperatorCase[] Embeddings =>
    [
        new("embedding", "ids[3,5] weight[4,7]"),
        new("embedding", "ids[200] weight[9,130]", Values: "ids=below:9"),     // many ids a row, several column blocks
        new("embedding", "ids[] weight[4,3]"),
        new("embedding", "ids[1,1] weight[1,1]", Values: "ids=constant:0"),
        new("embedding", "ids[0,5] weight[4,7]"),
        new("embedding", "ids[600] weight[40,1100]", Values: "ids=below:40"),
        new("patch_embedding", "image[2,3,8,12] weight[5,3,4,4] bias[5] cls_token[1,1,5] position_embeddings[1,7,5]"),
        new("patch_embedding", "image[2,1,6,3] weight[7,1,3,3] bias[7] position_embeddings[1,2,7]"),
        new("patch_embedding", "image[2,2,4,4] weight[3,2,2,2] bias[3] cls_token[1,1,3]"),
        new("patch_embedding", "image[1,1,1,1] weight[1,1,1,1] bias[1]"),
        new("patch_embedding", "image[9,3,16,32] weight[24,3,16,16] bias[24] cls_token[1,1,24] position_embeddings[1,3,24]"),
        new("patch_embedding", "image[1,3,14,14] weight[16,3,1,1] bias[16] cls_token[1,1,16] position_embeddings[1,197,16]"),
        new("patch_embedding", "image[0,3,8,8] weight[5,3,4,4] bias[5] cls_token[1,1,5] position_embeddings[1,5,5]"),
    ];

    private static OperatorCase[] Movements =>
    [
        new("permute", "x[2,3,4,5]", "dims=0,2,1,3"),
        new("permute", "x[3,4,5]", "dims=-1,0,1"),
        new("permute", "x[3,7]", "dims=1,0"),
        new("permute", "x[3,7]", "dims=0,1"),
        new("permute", "x[2,3,1,2,3]", "dims=4,3,2,1,0"),
        new("permute", "x[0,3,2]", "dims=1,2,0"),
        new("permute", "x[2,3,2,2,3,2,2,3]", "dims=7,6,5,4,3,2,1,0"),
        new("permute", "x[40,3,70]", "dims=2,1,0"),
        new("permute", "x[2,33,1,3,65]", "dims=3,4,0,2,1"),
        new("permute", "x[3,40,16]", "dims=1,0,2"),
        new("concat", "x0[2,3,4] x1[2,1,4] x2[2,5,4]", "dim=1"),
        new("concat", "x0[2,3] x1[2,0]", "dim=-1"),
        new("concat", "x0[5] x1[3]", "dim=0"),
        new("concat", "x0[3,2]", "dim=0"),
        new("concat", "x0[0,2] x1[0,3]", "dim=1"),
        new("concat", "x0[3,2,16] x1[3,5,16]", "dim=1"),
        new("slice", "x[3,7,5]", "dim=1 start=1 end=7"),
        new("slice", "x[3,7]", "dim=-1 start=-4 end=-1"),
        new("slice", "x[6,5]", "dim=0 start=2 end=100"),
        new("slice", "x[6,5]", "dim=0 start=4 end=2"),
        new("slice", "x[2,5]", "dim=1 start=-2"),
        new("slice", "x[0,5]", "dim=1 start=0 end=3"),
        new("slice", "x[3,7,16]", "dim=1 start=2 end=6"),
    ];

    private static WrongCall[] WrongEmbeddings =>
    [
        new("embedding", "ids[3] weight[4,7]", "", "every id must be from 0 to 3 (weight is [4,7]), found 4 at element 0", "ids=constant:4"),
        new("embedding", "ids[3] weight[4,7]", "", "found -1 at element 0", "ids=ignored:4"),
        new("embedding", "ids[3] weight[7]", "", "weight must be [v,d], found [7]"),
        new("patch_embedding", "image[2,3,8,9] weight[5,3,4,4] bias[5]", "", "must be multiples of the patch size 4, found [2,3,8,9]"),
        new("patch_embedding", "image[2,3,8,8] weight[5,1,4,4] bias[5]", "", "weight must be [5,3,4,4] ([d,c,p,p] with c of image [2,3,8,8]), found [5,1,4,4]"),
        new("patch_embedding", "image[2,3,8,8] weight[5,3,4,4] bias[5] cls_token[1,1,5] position_embeddings[1,4,5]", "", "must be [1,5,5] (one for each patch and CLS)"),
    ];

    private static WrongCall[] WrongMovements =>
    [
        new("permute", "x[2,3]", "dims=0,0", "found axis 0 twice"),
        new("permute", "x[2,3]", "dims=0", "each of the 2 axes of x [2,3] once, found 1"),
        new("permute", "x[2,3]", "", "attribute 'dims' must be given"),
        new("concat", "x0[2,3] x1[3,3]", "dim=1", "x1 must be as x0 [2,3] but for axis 1, found [3,3]"),
        new("concat", "x0[2,3] x2[2,3]", "dim=1", "input 'x1' is missing"),
        new("slice", "x[2,3]", "dim=2 start=0 end=1", "dim must be from -2 to 1, found 2"),
    ];
}
