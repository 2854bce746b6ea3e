// The emulator's own threads. Kernels and the products of cuBLAS run on them, never on the host program's threads.
#pragma once
#include <cstdint>

#include "schedule.h"

namespace dwarf
{

// Runs task(context, worker, 0 … count-1), each once, on all workers; back when all are done or `stop` was set by a task's false.
// Tasks are claimed in order; which worker gets which is by chance, so tasks must not depend on it. One job at a time; callers queue.
// False when a task returned false.
bool run_job(bool (*task)(void* context, Worker& worker, int64_t index), void* context, int64_t count);

// Any callable (int64_t index) over 0 … count-1 on the workers.
template <typename F> void parallel_for(int64_t count, const F& body)
{
    struct Call
    {
        static bool run(void* context, Worker&, int64_t index)
        {
            (*static_cast<const F*>(context))(index);
            return true;
        }
    };
    run_job(&Call::run, const_cast<F*>(&body), count);
}

int worker_count();
// Before the first launch, or between launches; 0 = as many as processors, 32 at most.
void set_worker_count(int count);
// Seconds that one kernel may run, 0 = no limit.
void set_time_limit(double seconds);

// Runs a whole grid. CUresult of the launch: 0, or the fault's status.
int run_launch(Launch& launch);

}
