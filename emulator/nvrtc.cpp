// NVRTC's entry points over the host compiler.
#include <cstring>
#include <mutex>

#include "compile.h"
#include "driver.h"

using namespace dwarf;

namespace
{

enum { Success, OutOfMemory, CreationFailure, InvalidInput, InvalidProgram, InvalidOption, CompilationFailed, BuiltinFailed, NoNames, NoLoweredNames,
       NameInvalid, Internal };

struct Program
{
    Compilation what;
    std::string log, binary, ptx;
    bool compiled = false, real_arch = true;
};

Program* of(void* program) { return static_cast<Program*>(program); }

// "--name=value" or "-name=value"; true with the value.
bool valued(const std::string& option, const char* name, std::string& value)
{
    std::string text = option.substr(option.compare(0, 2, "--") == 0 ? 2 : 1), key = std::string(name) + "=";
    if (text.compare(0, key.size(), key) != 0) return false;
    value = text.substr(key.size());
    return true;
}

bool read_option(Program& program, const std::string& option, std::string& error)
{
    Compilation& what = program.what;
    std::string value;
    if (valued(option, "gpu-architecture", value) || valued(option, "arch", value))
    {
        size_t digits = value.find_first_of("0123456789");
        int number = digits == std::string::npos ? 0 : atoi(value.c_str() + digits);
        if (number < 50 || number > 200 || (value.compare(0, 3, "sm_") != 0 && value.compare(0, 8, "compute_") != 0))
        {
            error = "invalid value for --gpu-architecture: " + value;
            return false;
        }
        what.arch = number * 10;
        program.real_arch = value[0] == 's';
    }
    else if (option.compare(0, 2, "-D") == 0 && option.size() > 2) what.defines.push_back(option);
    else if (option.compare(0, 2, "-U") == 0 && option.size() > 2) what.defines.push_back(option);
    else if (option.compare(0, 2, "-I") == 0 && option.size() > 2) what.includes.push_back(option);
    else if (valued(option, "define-macro", value)) what.defines.push_back("-D" + value);
    else if (valued(option, "undefine-macro", value)) what.defines.push_back("-U" + value);
    else if (valued(option, "include-path", value)) what.includes.push_back("-I" + value);
    else if (valued(option, "fmad", value)) {}         // never contracted here: results must not depend on the compiler's choice
    else if (valued(option, "std", value))
    {
        if (value == "c++03" || value == "c++11" || value == "c++14" || value == "c++17" || value == "c++20") return true;
        error = "invalid value for --std: " + value;
        return false;
    }
    else
    {
        static const char* const harmless[] = {"maxrregcount", "ftz", "prec-sqrt", "prec-div", "extra-device-vectorization", "device-c", "rdc",
            "relocatable-device-code", "dlink-time-opt", "use_fast_math", "default-device", "lineinfo", "generate-line-info", "device-debug", "G",
            "disable-warnings", "w", "restrict", "device-as-default-execution-space", "diag-suppress", "split-compile", "no-source-include",
            "pch", "minimal", "device-int128", "builtin-move-forward", "builtin-initializer-list"};
        std::string bare = option.substr(option.find_first_not_of('-') == std::string::npos ? 0 : option.find_first_not_of('-'));
        bare = bare.substr(0, bare.find('='));
        for (const char* name : harmless)
            if (bare == name) return true;
        error = "unrecognized option " + option + " found";
        return false;
    }
    return true;
}

}

extern "C"
{

EXPORT int nvrtcVersion(int* major, int* minor)
{
    COUNT();
    if (!major || !minor) return InvalidInput;
    *major = 12;
    *minor = 8;
    return Success;
}

EXPORT const char* nvrtcGetErrorString(int result)
{
    static const char* const names[] = {"NVRTC_SUCCESS", "NVRTC_ERROR_OUT_OF_MEMORY", "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
        "NVRTC_ERROR_INVALID_INPUT", "NVRTC_ERROR_INVALID_PROGRAM", "NVRTC_ERROR_INVALID_OPTION", "NVRTC_ERROR_COMPILATION",
        "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE", "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION",
        "NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION", "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID", "NVRTC_ERROR_INTERNAL_ERROR"};
    COUNT();
    return result >= 0 && result <= Internal ? names[result] : "NVRTC_ERROR unknown";
}

EXPORT int nvrtcGetNumSupportedArchs(int* count)
{
    COUNT();
    if (!count) return InvalidInput;
    *count = 4;
    return Success;
}

EXPORT int nvrtcGetSupportedArchs(int* archs)
{
    COUNT();
    if (!archs) return InvalidInput;
    archs[0] = 80;
    archs[1] = 86;
    archs[2] = 89;
    archs[3] = 90;
    return Success;
}

EXPORT int nvrtcCreateProgram(void** program, const char* source, const char* name, int count, const char* const* headers, const char* const* names)
{
    COUNT();
    if (!program || !source || count < 0 || (count > 0 && (!headers || !names))) return InvalidInput;
    Program* made = new Program;
    made->what.source = source;
    made->what.name = name && *name ? name : "default_program";
    for (int i = 0; i < count; i++) made->what.headers.push_back({names[i], headers[i]});
    *program = made;
    return Success;
}

EXPORT int nvrtcDestroyProgram(void** program)
{
    COUNT();
    if (!program || !*program) return InvalidProgram;
    delete of(*program);
    *program = nullptr;
    return Success;
}

EXPORT int nvrtcAddNameExpression(void* program, const char* expression)
{
    COUNT();
    if (!program || !expression) return program ? InvalidInput : InvalidProgram;
    if (of(program)->compiled) return NoNames;
    // A name of our own in the place of the mangled one: readable, and different for different expressions.
    std::string lowered;
    bool plain = true;
    for (const char* c = expression; *c; c++) plain &= isalnum(static_cast<unsigned char>(*c)) || *c == '_' || *c == '&' || *c == ' ';
    for (const char* c = expression; *c; c++)
        if (*c != ' ' && *c != '&') lowered += isalnum(static_cast<unsigned char>(*c)) || *c == '_' ? *c : '.';
    of(program)->what.expressions.push_back({expression, plain ? lowered : "_D" + std::to_string(of(program)->what.expressions.size()) + "_" + lowered});
    return Success;
}

EXPORT int nvrtcCompileProgram(void* program, int count, const char* const* options)
{
    COUNT();
    if (!program) return InvalidProgram;
    Program& p = *of(program);
    p.what.defines.clear();
    p.what.includes.clear();
    p.what.checked = default_checked();
    for (int i = 0; i < count; i++)
    {
        std::string option = options[i], error;
        if ((option == "-D" || option == "-I" || option == "-U" || option == "-arch" || option == "-std") && i + 1 < count)
            option = option.size() > 2 ? option + "=" + options[++i] : option + options[++i];
        if (!read_option(p, option, error))
        {
            p.log = "nvrtc: error: " + error + "\n";
            return InvalidOption;
        }
    }
    for (const std::string& define : p.what.defines) p.what.checked |= define == "-DDWARF_CHECKED" || define.compare(0, 16, "-DDWARF_CHECKED=") == 0;
    p.compiled = true;
    p.binary.clear();
    p.log.clear();
    return compile(p.what, p.binary, p.log) ? Success : CompilationFailed;
}

EXPORT int nvrtcGetProgramLogSize(void* program, size_t* size)
{
    COUNT();
    if (!program || !size) return program ? InvalidInput : InvalidProgram;
    *size = of(program)->log.size() + 1;
    return Success;
}

EXPORT int nvrtcGetProgramLog(void* program, char* log)
{
    COUNT();
    if (!program || !log) return program ? InvalidInput : InvalidProgram;
    memcpy(log, of(program)->log.c_str(), of(program)->log.size() + 1);
    return Success;
}

EXPORT int nvrtcGetCUBINSize(void* program, size_t* size)
{
    COUNT();
    if (!program || !size) return program ? InvalidInput : InvalidProgram;
    *size = of(program)->real_arch ? of(program)->binary.size() : 0;     // compute_90 makes PTX only, as in NVIDIA's
    return Success;
}

EXPORT int nvrtcGetCUBIN(void* program, char* cubin)
{
    COUNT();
    if (!program || !cubin) return program ? InvalidInput : InvalidProgram;
    if (of(program)->real_arch) memcpy(cubin, of(program)->binary.data(), of(program)->binary.size());
    return Success;
}

// "PTX" is text and ends with a zero byte: the library's bytes in hexadecimal.
static const std::string& ptx_of(Program& program)
{
    if (program.ptx.empty() && !program.binary.empty())
    {
        program.ptx = EmulatedPtx;
        for (unsigned char c : program.binary)
        {
            program.ptx += "0123456789abcdef"[c >> 4];
            program.ptx += "0123456789abcdef"[c & 15];
        }
    }
    return program.ptx;
}

EXPORT int nvrtcGetPTXSize(void* program, size_t* size)
{
    COUNT();
    if (!program || !size) return program ? InvalidInput : InvalidProgram;
    *size = ptx_of(*of(program)).size() + 1;
    return Success;
}

EXPORT int nvrtcGetPTX(void* program, char* ptx)
{
    COUNT();
    if (!program || !ptx) return program ? InvalidInput : InvalidProgram;
    memcpy(ptx, ptx_of(*of(program)).c_str(), of(program)->ptx.size() + 1);
    return Success;
}

EXPORT int nvrtcGetLoweredName(void* program, const char* expression, const char** lowered)
{
    COUNT();
    if (!program || !expression || !lowered) return program ? InvalidInput : InvalidProgram;
    if (!of(program)->compiled) return NoLoweredNames;
    for (const NameExpression& known : of(program)->what.expressions)
        if (known.text == expression)
        {
            *lowered = known.lowered.c_str();
            return Success;
        }
    return NameInvalid;
}

}
