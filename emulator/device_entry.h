// How the emulator calls a kernel, and how a kernel's static shared objects get their places. source.cpp writes the uses of this.
#pragma once

static dwarf_shared_object* dwarf_shared_list = nullptr;

struct dwarf_shared_node : dwarf_shared_object
{
    dwarf_shared_node(const char* name, const char* function, const char* scope, const char* file, int line, unsigned bytes, unsigned alignment)
        : dwarf_shared_object{name, function, scope, file, line, bytes, alignment, 0, dwarf_shared_list}
    {
        dwarf_shared_list = this;
    }
};

template <typename Tag, typename T> struct dwarf_slot
{
    static dwarf_shared_node object;
};
template <typename Tag, typename T> dwarf_shared_node dwarf_slot<Tag, T>::object(
    Tag::name(), Tag::function(), Tag::scope(), Tag::file(), Tag::line(), sizeof(T), alignof(T));

template <int... I> struct dwarf_indices {};
template <int N, int... I> struct dwarf_count_up : dwarf_count_up<N - 1, N - 1, I...> {};
template <int... I> struct dwarf_count_up<0, I...> { typedef dwarf_indices<I...> type; };

template <typename T> struct dwarf_plain { typedef T type; };
template <typename T> struct dwarf_plain<const T> { typedef T type; };

template <typename F, F* function> struct dwarf_caller;
template <typename... A, void (*function)(A...)> struct dwarf_caller<void(A...), function>
{
    template <int... I> DWARF_INLINE void unpack(void** arguments, dwarf_indices<I...>)
    {
        function(*static_cast<typename dwarf_plain<A>::type*>(arguments[I])...);
    }
    // Not instrumented: the arguments are no memory of the kernel's.
    __attribute__((no_sanitize("thread", "alignment"))) static void run(void** arguments)
    {
        unpack(arguments, typename dwarf_count_up<sizeof...(A)>::type());
    }
    static constexpr unsigned sizes[sizeof...(A) + 1] = {sizeof(A)..., 0};
    static constexpr int count = sizeof...(A);
};
template <typename... A, void (*function)(A...)> constexpr unsigned dwarf_caller<void(A...), function>::sizes[sizeof...(A) + 1];

template <typename T> struct dwarf_pointee;
template <typename T> struct dwarf_pointee<T*> { typedef T type; };
