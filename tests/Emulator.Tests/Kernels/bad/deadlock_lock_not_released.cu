// run: --kernel k --grid 2 --block 1 --timeout 2 --arg zeros:m:i32:1 --arg zeros:y:i32:1
__global__ void k(int* m, int* y)
{
    while (atomicCAS(m, 0, 1) != 0) //! deadlock [1,0,0]
        ;
    *y += 1; //? race
}
