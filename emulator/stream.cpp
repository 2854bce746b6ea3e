#include "stream.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace dwarf
{

namespace
{

std::recursive_mutex stream_lock;
std::atomic<bool> lazy{false};
std::atomic<int> captures{0};
uint64_t order_state = 1;
std::vector<Capture*> active;

Stream& default_stream()
{
    static Stream* stream = new Stream;
    return *stream;
}

double now()
{
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t next_order()
{
    order_state = order_state * 6364136223846793005ull + 1442695040888963407ull;
    return order_state >> 33;
}

std::vector<Stream*> all_streams()
{
    std::vector<Stream*> all = {&default_stream()};
    streams().each([&](Stream* stream) { all.push_back(stream); });
    // Not by address: the order that a seed draws must be the same in every process.
    std::sort(all.begin() + 1, all.end(), [](const Stream* a, const Stream* b) { return a->number < b->number; });
    return all;
}

bool ready(const Stream& stream)
{
    if (stream.pending.empty()) return false;
    for (const auto& before : stream.pending.front()->after)
        if (!before->done) return false;
    return true;
}

int run_head(Stream& stream)
{
    std::shared_ptr<Item> item = stream.pending.front();
    stream.pending.pop_front();
    int status = item->work ? item->work->run() : 0;
    item->done = true;
    item->after.clear();
    return status;
}

int drain_until(const std::function<bool()>& reached)
{
    int status = 0;
    while (!reached())
    {
        std::vector<Stream*> can;
        for (Stream* stream : all_streams())
            if (ready(*stream)) can.push_back(stream);
        if (can.empty()) break;
        int now_status = run_head(*can[next_order() % can.size()]);
        if (status == 0) status = now_status;
    }
    return status != 0 ? status : sticky_status();
}

int invalidate(Capture& capture, int status)
{
    if (capture.invalid == 0) capture.invalid = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    return status;
}

int add_node(Stream& stream, std::shared_ptr<Work> work)
{
    Capture& capture = *stream.capture;
    if (capture.invalid) return capture.invalid;
    capture.graph.nodes.push_back(GraphNode{std::move(work), stream.last});
    stream.last = {int(capture.graph.nodes.size()) - 1};
    return 0;
}

// Work on the default stream would have to wait for a stream that is being recorded.
int implicit_use(Stream& stream)
{
    if (&stream != &default_stream()) return 0;
    for (Capture* capture : active)
        if (capture->origin->blocking) return invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    return 0;
}

std::shared_ptr<Item> put_aside(Stream& stream, std::shared_ptr<Work> work)
{
    auto item = std::make_shared<Item>();
    item->work = std::move(work);
    item->after = std::move(stream.waits);
    stream.waits.clear();
    if (&stream == &default_stream())
    {
        for (Stream* other : all_streams())
            if (other != &stream && other->blocking && !other->pending.empty()) item->after.push_back(other->pending.back());
    }
    else if (stream.blocking && !default_stream().pending.empty())
    {
        item->after.push_back(default_stream().pending.back());
    }
    stream.pending.push_back(item);
    return item;
}

}

Handles<Stream>& streams()
{
    static auto* handles = new Handles<Stream>;
    return *handles;
}

Handles<Event>& events()
{
    static auto* handles = new Handles<Event>;
    return *handles;
}

Stream* find_stream(void* handle) { return reinterpret_cast<uintptr_t>(handle) <= 2 ? &default_stream() : streams().find(handle); }

bool immediate(Stream& stream)
{
    if (captures.load() == 0) return !lazy.load();
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    return !lazy && !stream.capture && active.empty();
}

int enqueue(Stream& stream, std::shared_ptr<Work> work)
{
    {
        std::lock_guard<std::recursive_mutex> guard(stream_lock);
        if (stream.capture) return add_node(stream, std::move(work));
        if (int refused = implicit_use(stream)) return refused;
        if (lazy)
        {
            put_aside(stream, std::move(work));
            return 0;
        }
    }
    return work->run();
}

int enqueue_host(void* handle, std::function<int()> body)
{
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (immediate(*stream)) return body();
    return enqueue(*stream, std::make_shared<HostWork>(std::move(body)));
}

int synchronize(Stream& stream)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (stream.capture) return invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    if (int refused = implicit_use(stream)) return refused;
    if (&stream == &default_stream())
    {
        // it comes after all blocking streams
        return drain_until([&] {
            for (Stream* other : all_streams())
                if (other->blocking && !other->pending.empty()) return false;
            return true;
        });
    }
    return drain_until([&] { return stream.pending.empty(); });
}

int synchronize_all()
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (int refused = forbidden_in_capture()) return refused;
    return drain_until([] { return false; });
}

void make_progress()
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    bool first = true;
    drain_until([&] { return !std::exchange(first, false); });
}

int record(Event& event, Stream& stream)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    event.item.reset();
    event.capture = nullptr;
    if (stream.capture)
    {
        if (stream.capture->invalid) return stream.capture->invalid;
        event.capture = stream.capture;
        event.nodes = stream.last;
        return 0;
    }
    if (int refused = implicit_use(stream)) return refused;
    if (!lazy)
    {
        event.milliseconds = now();
        return 0;
    }
    event.milliseconds = -1;
    event.item = put_aside(stream, std::make_shared<HostWork>([&event] {
        if (events().find(&event)) event.milliseconds = now();
        return 0;
    }));
    return 0;
}

int wait_for_event(Stream& stream, Event& event)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (event.capture)
    {
        if (stream.capture && stream.capture != event.capture) return invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
        if (&stream == &default_stream()) return invalidate(*event.capture, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
        stream.capture = event.capture;      // the stream joins what is being recorded
        for (int node : event.nodes)
            if (std::find(stream.last.begin(), stream.last.end(), node) == stream.last.end()) stream.last.push_back(node);
        return 0;
    }
    if (stream.capture) return invalidate(*stream.capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
    if (event.item && !event.item->done) stream.waits.push_back(event.item);
    return 0;
}

int query(Event& event)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (event.capture) return invalidate(*event.capture, CUDA_ERROR_CAPTURED_EVENT);
    if (!event.item || event.item->done) return sticky_status();
    make_progress();
    if (int failed = sticky_status()) return failed;
    return event.item->done ? 0 : CUDA_ERROR_NOT_READY;
}

int wait_on_host(Event& event)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (event.capture) return invalidate(*event.capture, CUDA_ERROR_CAPTURED_EVENT);
    std::shared_ptr<Item> item = event.item;
    return drain_until([&] { return !item || item->done; });
}

int forbidden_in_capture()
{
    if (captures.load() == 0) return 0;
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    for (Capture* capture : active)
    {
        bool mine = capture->thread == (unsigned long)pthread_self();
        if (capture->mode == 0 || (capture->mode == 1 && mine)) return invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    }
    return 0;
}

int begin_capture(Stream& stream, int mode)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    if (&stream == &default_stream()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (mode < 0 || mode > 2) return CUDA_ERROR_INVALID_VALUE;
    if (stream.capture) return 401;
    auto* capture = new Capture;
    capture->origin = &stream;
    capture->mode = mode;
    capture->thread = (unsigned long)pthread_self();
    stream.capture = capture;
    stream.last.clear();
    active.push_back(capture);
    captures++;
    return 0;
}

int end_capture(Stream& stream, Graph** graph)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    Capture* capture = stream.capture;
    if (!capture) return 401;
    if (capture->origin != &stream) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    int status = capture->invalid;
    // What another stream did must have been joined: everything has to lie before the origin's last nodes.
    std::vector<char> reached(capture->graph.nodes.size());
    for (int node : stream.last) reached[size_t(node)] = 1;
    for (size_t i = reached.size(); i > 0; i--)
        if (reached[i - 1])
            for (int before : capture->graph.nodes[i - 1].after) reached[size_t(before)] = 1;
    for (Stream* other : all_streams())
    {
        if (other->capture != capture) continue;
        for (int node : other->last)
            if (!reached[size_t(node)] && status == 0) status = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
        other->capture = nullptr;
        other->last.clear();
    }
    events().each([&](Event* event) {
        if (event->capture == capture) event->capture = nullptr;
    });
    if (status == 0) *graph = new Graph(std::move(capture->graph));
    active.erase(std::find(active.begin(), active.end(), capture));
    captures--;
    delete capture;
    return status;
}

int run_graph(const Graph& graph)
{
    bool shuffled = lazy || scheduler_seed != 0;
    if (!shuffled)
    {
        for (const GraphNode& node : graph.nodes)
            if (int status = node.work->run()) return status;
        return 0;
    }
    // any order in which each node follows those it must
    size_t count = graph.nodes.size(), left = count;
    std::vector<char> done(count);
    while (left > 0)
    {
        std::vector<size_t> can;
        for (size_t i = 0; i < count; i++)
        {
            bool free = !done[i];
            for (int before : graph.nodes[i].after) free = free && done[size_t(before)];
            if (free) can.push_back(i);
        }
        size_t chosen = can[next_order() % can.size()];
        if (int status = graph.nodes[chosen].work->run()) return status;
        done[chosen] = 1;
        left--;
    }
    return 0;
}

void set_lazy(bool on, uint64_t seed)
{
    std::lock_guard<std::recursive_mutex> guard(stream_lock);
    drain_until([] { return false; });
    lazy = on;
    order_state = seed * 2 + 1;
}

bool is_lazy() { return lazy; }

LaunchWork::LaunchWork(const Kernel& kernel, dim3 grid, dim3 block, unsigned shared_bytes, void** arguments)
    : launch{&kernel, grid, block, shared_bytes, nullptr, 0}, bytes(kernel.parameter_bytes + 16)
{
    // 16-byte places in a buffer that need not begin at one
    char* base = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(bytes.data()) + 15) & ~uintptr_t(15));
    for (int i = 0; i < kernel.entry->count; i++)
    {
        memcpy(base + kernel.offsets[size_t(i)], arguments[i], kernel.entry->sizes[i]);
        pointers.push_back(base + kernel.offsets[size_t(i)]);
    }
    launch.arguments = pointers.data();
}

int LaunchWork::run()
{
    Launch copy = launch;
    return run_launch(copy);
}

}
