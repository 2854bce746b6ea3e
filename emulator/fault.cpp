#include "fault.h"

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "hooks.h"
#include "schedule.h"

namespace dwarf
{

const char* interrupt_reason = "the kernel did not end within its time limit";

namespace
{

std::mutex fault_lock;
std::atomic<int> sticky{0};

Fault& stored()
{
    static Fault* fault = new Fault;
    return *fault;
}

struct sigaction before[NSIG];

int interrupt_signal() { return SIGRTMAX - 2; }

// What the handler saw, told by the worker itself once it is off the broken stack: a handler must not allocate.
struct Crash
{
    int signal;
    void* address;
    void* code;
    bool guard;
};
thread_local Crash* crash __attribute__((tls_model("initial-exec"))) = nullptr;

void describe_crash()
{
    Worker& worker = *this_worker;
    Crash seen = *crash;
    if (seen.signal == interrupt_signal())
    {
        // where it was, or, inside the runtime, where it called it
        Place place = locate(seen.code);
        bool known = place.in_module && place.line > 0;
        record_fault(&worker, 702, "deadlock", interrupt_reason, known ? place.file.c_str() : worker.current->file,
                     known ? place.line : worker.current->line, known ? seen.code : nullptr);
    }
    else
    {
        Place place = locate(seen.code);
        if (!place.in_module) place = Place{};
        const char* file = place.file.empty() ? nullptr : place.file.c_str();
        char text[160];
        if (seen.signal == SIGFPE) snprintf(text, sizeof text, "an integer was divided by zero");
        else if (seen.signal == SIGILL) snprintf(text, sizeof text, "the kernel ran into an instruction that stops it (unreachable code?)");
        else if (seen.guard) snprintf(text, sizeof text, "a thread's stack is full (%zu KB): recursion without end, or too large local arrays",
                                      StackPool::Bytes / 1024);
        else snprintf(text, sizeof text, "an access to address 0x%zx, which belongs to nobody", reinterpret_cast<size_t>(seen.address));
        int status = seen.signal == SIGFPE || seen.signal == SIGILL ? 719 : 700;
        record_fault(&worker, status, seen.signal == SIGFPE || seen.signal == SIGILL ? "trap" : "illegal-address", text, file, place.line, seen.address);
    }
    abandon(worker);
}

// The stack that describe_crash runs on: the broken one may have no room left.
struct Spare { char* memory; size_t bytes; };
thread_local Spare spare __attribute__((tls_model("initial-exec")));

void handle(int signal, siginfo_t* info, void* context)
{
    Worker* worker = this_worker;
    if (worker != nullptr && worker->in_kernel.load(std::memory_order_relaxed))
    {
        if (signal == interrupt_signal() && worker->critical.load() > 0)
        {
            worker->interrupt = true;
            return;
        }
        auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
        // A call of what is no code leaves the caller's address on the stack.
        void* code = reinterpret_cast<void*>(registers[REG_RIP]);
        if (signal == SIGSEGV && code == info->si_addr && worker->stacks.contains(reinterpret_cast<void*>(registers[REG_RSP])))
            code = *reinterpret_cast<char**>(registers[REG_RSP]) - 1;
        worker->in_kernel = false;                 // what follows is ours; a second interruption finds nothing to stop
        *crash = Crash{signal, info->si_addr, code,
                       signal == SIGSEGV && worker->stacks.in_guard(info->si_addr)};
        registers[REG_RSP] = greg_t(reinterpret_cast<uintptr_t>(spare.memory + spare.bytes) & ~uintptr_t(15)) - 8;
        registers[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(&describe_crash));
        return;
    }
    if (signal == interrupt_signal()) return;      // it came as the kernel was over
    struct sigaction& old = before[signal];
    if (old.sa_flags & SA_SIGINFO) old.sa_sigaction(signal, info, context);
    else if (old.sa_handler == SIG_DFL)
    {
        sigaction(signal, &old, nullptr);          // the instruction runs again and ends the process as it would have
    }
    else if (old.sa_handler != SIG_IGN) old.sa_handler(signal);
}

}

void record_fault(Worker* worker, int status, const char* kind, const std::string& message, const char* file, int line, const void* address)
{
    if (worker) Critical::enter(*worker, 1);     // strings and a lock: no place to be interrupted in
    Fault fault;
    fault.status = status;
    fault.kind = kind;
    fault.message = message;
    if (file) fault.file = file;
    fault.line = line;
    fault.address = address;
    if (worker)
    {
        fault.kernel = worker->launch->kernel->name;
        fault.block = worker->block.index;
        fault.launch = worker->launch->number;
        fault.turn = worker->turn;
        if (worker->current) fault.thread = worker->current->index;
    }
    bool first;
    {
        std::lock_guard<std::mutex> guard(fault_lock);
        first = sticky == 0 || (worker && stored().launch == fault.launch && fault.turn < stored().turn);
        if (first)
        {
            stored() = fault;
            sticky = status;
        }
    }
    if (first && hooks.fault) hooks.fault(fault);
    if (worker) Critical::enter(*worker, -1);   // an interruption that came meanwhile finds the block left already
}

int sticky_status() { return sticky.load(std::memory_order_acquire); }

Fault last_fault()
{
    std::lock_guard<std::mutex> guard(fault_lock);
    return stored();
}

void reset_fault()
{
    std::lock_guard<std::mutex> guard(fault_lock);
    stored() = Fault{};
    sticky = 0;
}

void install_handlers()
{
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, interrupt_signal()}) sigaction(signal, &action, &before[signal]);
    });
}

void install_alternate_stack()
{
    constexpr size_t bytes = 64 * 1024;
    stack_t stack{};
    stack.ss_sp = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack.ss_size = bytes;
    sigaltstack(&stack, nullptr);
    spare.bytes = 256 * 1024;
    spare.memory = static_cast<char*>(mmap(nullptr, spare.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    crash = new Crash{};
}

void interrupt_worker(unsigned long thread) { pthread_kill(pthread_t(thread), interrupt_signal()); }

}
