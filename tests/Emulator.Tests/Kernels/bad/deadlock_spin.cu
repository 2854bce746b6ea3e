// run: --kernel wait --grid 1 --block 32 --timeout 2 --arg zeros:flag:i32:1
__global__ void wait(volatile int* flag)
{
    while (*flag == 0) //! deadlock [0,0,0]
        ;
}
