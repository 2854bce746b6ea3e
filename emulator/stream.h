// Streams, events and what they order. Three ways to take work: at once (the default), recorded into a graph (capture), or put aside until
// somebody waits (lazy), then in any order that streams and events allow.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "driver.h"
#include "pool.h"

namespace dwarf
{

// Something that a stream does. It owns copies of all it needs, so that a graph can do it again.
struct Work
{
    virtual ~Work() = default;
    virtual int run() = 0;      // CUresult
};

struct HostWork : Work
{
    explicit HostWork(std::function<int()> body) : body(std::move(body)) {}
    int run() override { return body(); }
    std::function<int()> body;
};

struct LaunchWork : Work
{
    LaunchWork(const Kernel& kernel, dim3 grid, dim3 block, unsigned shared_bytes, void** arguments);
    int run() override;
    Launch launch;
    std::vector<char> bytes;
    std::vector<void*> pointers;
};

struct Item
{
    std::shared_ptr<Work> work;
    std::vector<std::shared_ptr<Item>> after;
    bool done = false;
};

struct GraphNode { std::shared_ptr<Work> work; std::vector<int> after; };
struct Graph { std::vector<GraphNode> nodes; };

struct Stream;

struct Capture
{
    Graph graph;
    Stream* origin;
    int mode;
    int invalid = 0;            // the status that broke it
    unsigned long thread;
};

struct Stream
{
    uint64_t number = 0;        // counts streams made; 0 = the default one
    bool blocking = true;       // waits for the default stream, and it for this one
    std::deque<std::shared_ptr<Item>> pending;
    std::vector<std::shared_ptr<Item>> waits;
    Capture* capture = nullptr;
    std::vector<int> last;      // nodes that the next one follows
};

struct Event
{
    std::shared_ptr<Item> item;
    double milliseconds = -1;   // when it was reached
    bool timing = true;
    Capture* capture = nullptr;
    std::vector<int> nodes;
};

Handles<Stream>& streams();
Handles<Event>& events();
// The stream of a handle (0, 1, 2: the default one), or null.
Stream* find_stream(void* handle);

// True where work may simply be done now.
bool immediate(Stream& stream);
// Takes the work: does it, records it or puts it aside. CUresult.
int enqueue(Stream& stream, std::shared_ptr<Work> work);
// For cuBLAS: a function on a stream; it may use parallel_for. It returns a CUresult and runs again whenever a captured graph does.
int enqueue_host(void* stream_handle, std::function<int()> body);

int synchronize(Stream& stream);
int synchronize_all();
// One more piece of pending work is done, wherever it is; for queries, so that polling ends.
void make_progress();
int record(Event& event, Stream& stream);
int wait_for_event(Stream& stream, Event& event);
int query(Event& event);
int wait_on_host(Event& event);
// A call that a capture forbids (allocation, synchronisation): breaks the captures it touches. 0 where none is.
int forbidden_in_capture();
int begin_capture(Stream& stream, int mode);
int end_capture(Stream& stream, Graph** graph);
int run_graph(const Graph& graph);

// Lazy execution with this seed for the order of streams; false = at once.
void set_lazy(bool lazy, uint64_t seed);
bool is_lazy();

}
