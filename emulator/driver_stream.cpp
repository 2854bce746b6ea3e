// Entry points: streams, events, graphs.
#include <cmath>
#include <typeinfo>

#include "stream.h"

using namespace dwarf;

namespace
{

Handles<Graph>& graphs()
{
    static auto* handles = new Handles<Graph>;
    return *handles;
}

// The graph is shared: a launch put aside keeps the one it was given when an update comes.
struct GraphExec { std::shared_ptr<const Graph> graph; };

Handles<GraphExec>& executables()
{
    static auto* handles = new Handles<GraphExec>;
    return *handles;
}

// Whether two pieces of work differ in numbers and addresses alone.
bool alike(const Work& a, const Work& b)
{
    auto *launch = dynamic_cast<const LaunchWork*>(&a), *other = dynamic_cast<const LaunchWork*>(&b);
    if (launch && other) return launch->launch.kernel == other->launch.kernel;
    return !launch && !other && typeid(a) == typeid(b);
}

int instantiate(void** executable, void* handle)
{
    Graph* graph = graphs().find(handle);
    if (!graph) return CUDA_ERROR_INVALID_HANDLE;
    if (!executable) return CUDA_ERROR_INVALID_VALUE;
    *executable = executables().add(new GraphExec{std::make_shared<const Graph>(*graph)});
    return 0;
}

}

extern "C"
{

EXPORT CUresult cuStreamCreate(void** stream, unsigned flags)
{
    ENTER();
    if (!stream || flags > 1) return CUDA_ERROR_INVALID_VALUE;
    static std::atomic<uint64_t> count{0};
    Stream* made = new Stream;
    made->number = ++count;
    made->blocking = flags == 0;
    *stream = streams().add(made);
    return 0;
}

EXPORT CUresult cuStreamCreateWithPriority(void** stream, unsigned flags, int) { return cuStreamCreate(stream, flags); }

EXPORT CUresult cuStreamDestroy_v2(void* handle)
{
    COUNT();
    Stream* stream = streams().find(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    synchronize(*stream);
    streams().remove(stream);
    delete stream;
    return 0;
}

EXPORT CUresult cuStreamSynchronize(void* handle)
{
    ENTER();
    Stream* stream = find_stream(handle);
    return stream ? synchronize(*stream) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuStreamQuery(void* handle)
{
    ENTER();
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) return synchronize(*stream);
    if (stream->pending.empty()) return 0;
    make_progress();
    if (int failed = dwarf::sticky_status()) return failed;
    return stream->pending.empty() ? 0 : CUDA_ERROR_NOT_READY;
}

EXPORT CUresult cuStreamWaitEvent(void* stream_handle, void* event_handle, unsigned)
{
    ENTER();
    Stream* stream = find_stream(stream_handle);
    Event* event = events().find(event_handle);
    return stream && event ? wait_for_event(*stream, *event) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuStreamIsCapturing(void* handle, int* status)
{
    ENTER();
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (!status) return CUDA_ERROR_INVALID_VALUE;
    *status = !stream->capture ? 0 : stream->capture->invalid ? 2 : 1;
    return 0;
}

EXPORT CUresult cuLaunchHostFunc(void* stream, void (*function)(void*), void* data)
{
    ENTER();
    if (!function) return CUDA_ERROR_INVALID_VALUE;
    return enqueue_host(stream, [=] {
        function(data);
        return 0;
    });
}

EXPORT CUresult cuEventCreate(void** event, unsigned flags)
{
    ENTER();
    if (!event || flags > 7) return CUDA_ERROR_INVALID_VALUE;
    Event* made = new Event;
    made->timing = (flags & 2) == 0;
    *event = events().add(made);
    return 0;
}

EXPORT CUresult cuEventDestroy_v2(void* handle)
{
    COUNT();
    if (!events().remove(handle)) return CUDA_ERROR_INVALID_HANDLE;
    delete static_cast<Event*>(handle);
    return 0;
}

EXPORT CUresult cuEventRecord(void* handle, void* stream_handle)
{
    ENTER();
    Event* event = events().find(handle);
    Stream* stream = find_stream(stream_handle);
    return event && stream ? record(*event, *stream) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuEventQuery(void* handle)
{
    ENTER();
    Event* event = events().find(handle);
    return event ? query(*event) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuEventSynchronize(void* handle)
{
    ENTER();
    Event* event = events().find(handle);
    return event ? wait_on_host(*event) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuEventElapsedTime(float* milliseconds, void* start_handle, void* end_handle)
{
    ENTER();
    Event* start = events().find(start_handle);
    Event* end = events().find(end_handle);
    if (!start || !end || !start->timing || !end->timing) return CUDA_ERROR_INVALID_HANDLE;
    if (!milliseconds) return CUDA_ERROR_INVALID_VALUE;
    if ((start->item && !start->item->done) || (end->item && !end->item->done)) return CUDA_ERROR_NOT_READY;
    if (start->milliseconds < 0 || end->milliseconds < 0) return CUDA_ERROR_INVALID_HANDLE;     // never recorded
    *milliseconds = float(end->milliseconds - start->milliseconds);
    return 0;
}

EXPORT CUresult cuStreamBeginCapture_v2(void* handle, int mode)
{
    ENTER();
    Stream* stream = find_stream(handle);
    return stream ? begin_capture(*stream, mode) : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuStreamEndCapture(void* handle, void** graph)
{
    ENTER();
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (!graph) return CUDA_ERROR_INVALID_VALUE;
    *graph = nullptr;
    Graph* made = nullptr;
    int status = end_capture(*stream, &made);
    if (status == 0) *graph = graphs().add(made);
    return status;
}

EXPORT CUresult cuGraphGetNodes(void* handle, void** nodes, size_t* count)
{
    ENTER();
    Graph* graph = graphs().find(handle);
    if (!graph) return CUDA_ERROR_INVALID_HANDLE;
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    if (nodes)
        for (size_t i = 0; i < *count && i < graph->nodes.size(); i++) nodes[i] = &graph->nodes[i];
    else
        *count = graph->nodes.size();
    return 0;
}

EXPORT CUresult cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long)
{
    ENTER();
    return instantiate(executable, graph);
}

EXPORT CUresult cuGraphLaunch(void* handle, void* stream_handle)
{
    ENTER();
    GraphExec* executable = executables().find(handle);
    Stream* stream = find_stream(stream_handle);
    if (!executable || !stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) return not_supported("cuGraphLaunch into a capture");
    return enqueue_host(stream_handle, [graph = executable->graph] { return run_graph(*graph); });
}

// As the driver: the same nodes in the same order, each doing the same kind of work (a kernel the same kernel); else nothing changes.
EXPORT CUresult cuGraphExecUpdate_v2(void* handle, void* graph_handle, void* info)
{
    ENTER();
    GraphExec* executable = executables().find(handle);
    Graph* graph = graphs().find(graph_handle);
    if (!executable || !graph) return CUDA_ERROR_INVALID_HANDLE;
    bool same = graph->nodes.size() == executable->graph->nodes.size();
    for (size_t i = 0; same && i < graph->nodes.size(); i++)
        same = graph->nodes[i].after == executable->graph->nodes[i].after && alike(*graph->nodes[i].work, *executable->graph->nodes[i].work);
    if (info) *static_cast<int*>(info) = same ? 0 : 1;
    if (!same) return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    executable->graph = std::make_shared<const Graph>(*graph);
    return 0;
}

EXPORT CUresult cuGraphUpload(void* handle, void*)
{
    ENTER();
    return executables().find(handle) ? 0 : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuGraphExecDestroy(void* handle)
{
    COUNT();
    if (!executables().find(handle)) return CUDA_ERROR_INVALID_HANDLE;
    synchronize_all();                 // lazy launches may still need it
    executables().remove(handle);
    delete static_cast<GraphExec*>(handle);
    return 0;
}

EXPORT CUresult cuGraphDestroy(void* handle)
{
    COUNT();
    if (!graphs().remove(handle)) return CUDA_ERROR_INVALID_HANDLE;
    delete static_cast<Graph*>(handle);
    return 0;
}

}
