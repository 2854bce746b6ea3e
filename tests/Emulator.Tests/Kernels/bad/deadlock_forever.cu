// run: --kernel spin --grid 1 --block 1 --timeout 2 --arg zeros:y:i32:1
__global__ void spin(int* y)
{
    unsigned n = 1;
    for (;;) //? deadlock
    {
        n = n * 2u + 1u; //? deadlock
        if (n == 0) //? deadlock
            break;
    }
    *y = n;
}
