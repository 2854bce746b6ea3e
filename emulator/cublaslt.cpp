// The entry points of cuBLASLt that the engine calls: products that finish with a bias. One algorithm is on offer for all of them.
#include <cstdint>
#include <cstring>

#include "blas_call.h"
#include "driver.h"

namespace
{

enum DescriptionAttribute { TRANSA = 3, TRANSB = 4, EPILOGUE = 7, BIAS_POINTER = 8 };
enum Epilogue { EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4 };

struct Light { int unused = 0; };

struct Description
{
    int compute = 0, scale = 0, transpose_a = 0, transpose_b = 0, epilogue = EPILOGUE_DEFAULT;
    const void* bias = nullptr;
};

struct Layout
{
    int type = 0;
    long rows = 0, columns = 0, leading = 0;
};

struct Preference { uint64_t workspace = 0; };

struct Algorithm { uint64_t data[8]; };

struct Heuristic
{
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

// "dwarf": marks an algorithm that came from here.
constexpr uint64_t MARK = 0x6477617266ull;

template <typename T> int make(T** object, const T& value)
{
    if (object == nullptr) return dwarf::BLAS_INVALID_VALUE;
    *object = new T(value);
    return dwarf::BLAS_SUCCESS;
}

template <typename T> int drop(T* object)
{
    delete object;
    return object != nullptr ? dwarf::BLAS_SUCCESS : dwarf::BLAS_INVALID_VALUE;
}

template <typename T> int read(T& to, const void* value, size_t bytes)
{
    if (value == nullptr || bytes != sizeof(T)) return dwarf::BLAS_INVALID_VALUE;
    memcpy(&to, value, bytes);
    return dwarf::BLAS_SUCCESS;
}

// Do the three layouts fit together, and does the epilogue exist here?
bool fits(const Description& d, const Layout& a, const Layout& b, const Layout& c)
{
    long m = d.transpose_a ? a.columns : a.rows, k = d.transpose_a ? a.rows : a.columns;
    long from_b = d.transpose_b ? b.columns : b.rows, n = d.transpose_b ? b.rows : b.columns;
    return m == c.rows && n == c.columns && k == from_b && a.leading >= a.rows && b.leading >= b.rows && c.leading >= c.rows;
}

bool offered(const Description& d, const Layout& a)
{
    return (d.epilogue == EPILOGUE_DEFAULT || d.epilogue == EPILOGUE_BIAS) && a.type != 1;
}

}

extern "C"
{

EXPORT int cublasLtCreate(Light** handle)
{
    COUNT();
    return make(handle, Light {});
}

EXPORT int cublasLtDestroy(Light* handle)
{
    COUNT();
    return drop(handle);
}

EXPORT int cublasLtMatmulDescCreate(Description** description, int compute, int scale)
{
    COUNT();
    Description made;
    made.compute = compute;
    made.scale = scale;
    return make(description, made);
}

EXPORT int cublasLtMatmulDescDestroy(Description* description)
{
    COUNT();
    return drop(description);
}

EXPORT int cublasLtMatmulDescSetAttribute(Description* description, int attribute, const void* value, size_t bytes)
{
    COUNT();
    if (description == nullptr) return dwarf::BLAS_INVALID_VALUE;
    switch (attribute)
    {
        case TRANSA: return read(description->transpose_a, value, bytes);
        case TRANSB: return read(description->transpose_b, value, bytes);
        case EPILOGUE: return read(description->epilogue, value, bytes);
        case BIAS_POINTER: return read(description->bias, value, bytes);
        default: return dwarf::BLAS_NOT_SUPPORTED;
    }
}

EXPORT int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t leading)
{
    COUNT();
    return make(layout, Layout { type, (long)rows, (long)columns, (long)leading });
}

EXPORT int cublasLtMatrixLayoutDestroy(Layout* layout)
{
    COUNT();
    return drop(layout);
}

EXPORT int cublasLtMatmulPreferenceCreate(Preference** preference)
{
    COUNT();
    return make(preference, Preference {});
}

EXPORT int cublasLtMatmulPreferenceDestroy(Preference* preference)
{
    COUNT();
    return drop(preference);
}

EXPORT int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t bytes)
{
    COUNT();
    if (preference == nullptr || value == nullptr) return dwarf::BLAS_INVALID_VALUE;
    if (attribute == 1) return read(preference->workspace, value, bytes);
    uint32_t alignment = 0;
    return attribute >= 5 && attribute <= 8 ? read(alignment, value, bytes) : (int)dwarf::BLAS_NOT_SUPPORTED;
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(Light* handle, const Description* description, const Layout* a, const Layout* b, const Layout* c,
    const Layout* d, const Preference* preference, int wanted, Heuristic* results, int* found)
{
    COUNT();
    if (handle == nullptr || description == nullptr || a == nullptr || b == nullptr || c == nullptr || d == nullptr || preference == nullptr
        || wanted < 1 || results == nullptr || found == nullptr || !fits(*description, *a, *b, *d))
        return dwarf::BLAS_INVALID_VALUE;
    *found = 0;
    if (!offered(*description, *a)) return dwarf::BLAS_NOT_SUPPORTED;
    *results = Heuristic {};
    results->algorithm.data[0] = MARK;
    *found = 1;
    return dwarf::BLAS_SUCCESS;
}

EXPORT int cublasLtMatmul(Light* handle, const Description* description, const void* alpha, const void* a, const Layout* a_layout,
    const void* b, const Layout* b_layout, const void* beta, const void* c, const Layout* c_layout, void* d, const Layout* d_layout,
    const Algorithm* algorithm, void*, size_t, void* stream)
{
    COUNT();
    if (handle == nullptr || description == nullptr || a_layout == nullptr || b_layout == nullptr || c_layout == nullptr
        || d_layout == nullptr || c != d || c_layout->type != d_layout->type || !fits(*description, *a_layout, *b_layout, *d_layout)
        || (algorithm != nullptr && algorithm->data[0] != MARK))
        return dwarf::BLAS_INVALID_VALUE;
    if (!offered(*description, *a_layout)) return dwarf::BLAS_NOT_SUPPORTED;
    dwarf::BlasCall call;
    call.transpose_a = description->transpose_a;
    call.transpose_b = description->transpose_b;
    call.m = d_layout->rows;
    call.n = d_layout->columns;
    call.k = description->transpose_a ? a_layout->rows : a_layout->columns;
    call.alpha = alpha;
    call.a = a;
    call.a_type = a_layout->type;
    call.lda = a_layout->leading;
    call.b = b;
    call.b_type = b_layout->type;
    call.ldb = b_layout->leading;
    call.beta = beta;
    call.c = d;
    call.c_type = d_layout->type;
    call.ldc = d_layout->leading;
    call.compute = description->compute;
    if (description->epilogue == EPILOGUE_BIAS)
    {
        if (description->bias == nullptr) return dwarf::BLAS_INVALID_VALUE;
        call.bias = description->bias;
    }
    return dwarf::queue_product(call, false, stream);
}

}
