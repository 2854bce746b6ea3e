#include "compile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

// The headers travel inside the library, so that it needs no folder beside it.
#define EMBED(symbol, file)                                                                                                                \
    asm(".pushsection .rodata\n" #symbol ": .incbin \"" DWARF_SOURCE "/" file "\"\n.byte 0\n.popsection\n");                               \
    extern "C" const char symbol[] __attribute__((visibility("hidden")));

EMBED(dwarf_text_context, "context.h")
EMBED(dwarf_text_device, "device.h")
EMBED(dwarf_text_vectors, "device_vectors.h")
EMBED(dwarf_text_math, "device_math.h")
EMBED(dwarf_text_warp, "device_warp.h")
EMBED(dwarf_text_atomics, "device_atomics.h")
EMBED(dwarf_text_entry, "device_entry.h")
EMBED(dwarf_text_mma, "mma.h")
EMBED(dwarf_text_mma_lanes, "mma_lanes.h")

namespace dwarf
{

namespace
{

const struct { const char* name; const char* text; } shim[] = {
    {"context.h", dwarf_text_context}, {"device.h", dwarf_text_device}, {"device_vectors.h", dwarf_text_vectors}, {"device_math.h", dwarf_text_math},
    {"device_warp.h", dwarf_text_warp}, {"device_atomics.h", dwarf_text_atomics}, {"device_entry.h", dwarf_text_entry},
    {"mma.h", dwarf_text_mma}, {"mma_lanes.h", dwarf_text_mma_lanes},
};

// Headers that students' files name out of habit; what they would bring is built in.
const char* const familiar[] = {"cuda_runtime.h", "cuda.h", "device_launch_parameters.h", "cuda_runtime_api.h", "device_functions.h", "math.h", "cmath",
    "stdint.h", "cstdint", "stdio.h", "cstdio", "assert.h", "cassert", "float.h", "cfloat", "limits.h", "climits", "stddef.h", "cstddef", "math_constants.h",
    "stdlib.h", "cstdlib", "string.h", "cstring", "iostream", "time.h", "ctime", "vector", "algorithm", "string", "chrono", "random", "numeric"};

bool write_file(const std::string& path, const std::string& text)
{
    FILE* file = fopen(path.c_str(), "wb");
    if (!file) return false;
    bool good = fwrite(text.data(), 1, text.size(), file) == text.size();
    return fclose(file) == 0 && good;
}

bool read_file(const std::string& path, std::string& text)
{
    FILE* file = fopen(path.c_str(), "rb");
    if (!file) return false;
    char buffer[65536];
    text.clear();
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, got);
    fclose(file);
    return true;
}

// A folder that is gone when the compilation is.
struct Folder
{
    std::string path;
    std::vector<std::string> files, folders;

    Folder()
    {
        const char* temporary = getenv("TMPDIR");
        std::string pattern = std::string(temporary && *temporary ? temporary : "/tmp") + "/dwarf-nvrtc-XXXXXX";
        if (mkdtemp(pattern.data())) path = pattern;
    }
    ~Folder()
    {
        for (const std::string& file : files) unlink(file.c_str());
        for (size_t i = folders.size(); i > 0; i--) rmdir(folders[i - 1].c_str());
        if (!path.empty()) rmdir(path.c_str());
    }
    void make(const std::string& name)
    {
        std::string at = path + "/" + name;
        if (mkdir(at.c_str(), 0700) == 0) folders.push_back(at);
    }
    std::string add(const std::string& name, const std::string& text)
    {
        for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) make(name.substr(0, slash));
        std::string at = path + "/" + name;
        files.push_back(at);
        return write_file(at, text) ? at : "";
    }
};

bool safe_name(const std::string& name) { return !name.empty() && name[0] != '/' && name.find("..") == std::string::npos; }

std::string escaped(const std::string& text)
{
    std::string result;
    for (char c : text)
    {
        if (c == '"' || c == '\\') result += '\\';
        if (c != '\n') result += c;
    }
    return result;
}

// The linker's words for a function that is declared but nowhere written, as a compiler would say it.
std::string linker_errors(const std::string& log)
{
    std::string errors;
    for (size_t at = 0; at < log.size();)
    {
        size_t end = std::min(log.find('\n', at), log.size());
        std::string line = log.substr(at, end - at);
        size_t what = line.find(": undefined reference to");
        if (what != std::string::npos) errors += line.substr(0, what) + ": error" + line.substr(what) + "\n";
        at = end + 1;
    }
    return errors + log;
}

bool is_clang(const std::string& compiler) { return compiler.find("clang") != std::string::npos; }

void add_code_flags(std::vector<std::string>& command, const Compilation& what)
{
    for (const char* flag : {"-std=c++17", "-fPIC", "-shared", "-w", "-fvisibility=hidden", "-fno-strict-aliasing", "-fno-math-errno",
                             "-fno-trapping-math", "-fno-exceptions", "-fno-rtti", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
                             "-fwrapv", "-fno-delete-null-pointer-checks"})
        command.push_back(flag);
    if (is_clang(command[0])) command.insert(command.end(), {"-ferror-limit=10", "-fno-caret-diagnostics"});
    else command.insert(command.end(), {"-fno-gnu-unique", "-fmax-errors=10"});
    command.push_back(what.contract ? "-ffp-contract=fast" : "-ffp-contract=off");
    if (!what.checked && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) command.push_back("-march=x86-64-v3");
    if (!what.checked)
    {
        command.insert(command.end(), {"-O2", "-g1"});
        return;
    }
    // Og keeps every access of the source, each once and on its own line; nothing is split, merged, moved or made twice.
    for (const char* flag : {"-Og", "-gdwarf-4", "-fsanitize=thread,alignment", "--param=tsan-distinguish-volatile=1",
                             "--param=tsan-instrument-func-entry-exit=0", "-fno-tree-sra", "-fno-tree-vectorize", "-fno-optimize-sibling-calls",
                             "-fno-thread-jumps", "-fno-crossjumping", "-fno-tree-tail-merge", "-fno-code-hoisting", "-fno-reorder-blocks"})
        command.push_back(flag);
}

}

std::string own_path()
{
    Dl_info info;
    return dladdr(reinterpret_cast<void*>(&own_path), &info) && info.dli_fname ? info.dli_fname : "";
}

std::string compiler()
{
    const char* named = getenv("CXX");
    return named && *named ? named : "g++";
}

int run_program(const std::vector<std::string>& arguments, const std::string& folder, std::string& output)
{
    std::vector<char*> raw;
    for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    pid_t child;
    int failed = posix_spawnp(&child, raw[0], &actions, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed != 0)
    {
        close(ends[0]);
        output = strerror(failed);
        return -1;
    }
    output.clear();
    char buffer[4096];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR);)
        if (got > 0) output.append(buffer, size_t(got));
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 0;       // somebody else has waited for it: the result file will tell
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool compile(const Compilation& what, std::string& binary, std::string& log)
{
    Folder folder;
    if (folder.path.empty())
    {
        log = "no folder for temporary files can be made (TMPDIR)";
        return false;
    }
    folder.make("shim");
    folder.make("familiar");
    folder.make("headers");
    for (const auto& part : shim) folder.add(std::string("shim/") + part.name, "#line 1 \"" + std::string(part.name) + "\"\n" + part.text);
    for (const char* name : familiar) folder.add(std::string("familiar/") + name, "#pragma once\n");
    for (const Header& header : what.headers)
        if (safe_name(header.name)) folder.add("headers/" + header.name, "#line 1 \"" + escaped(header.name) + "\"\n" + header.text);
    folder.add("program.cu", "#line 1 \"" + escaped(what.name) + "\"\n" + what.source);

    std::vector<std::string> command = {compiler(), "-E", "-x", "c++", "-std=c++17", "-nostdinc", "-include", folder.path + "/shim/device.h",
        "-I" + folder.path + "/shim", "-I" + folder.path + "/headers"};
    for (const std::string& include : what.includes) command.push_back(include);
    command.push_back("-idirafter");
    command.push_back(folder.path + "/familiar");
    command.push_back("-D__CUDA_ARCH__=" + std::to_string(what.arch));
    if (what.checked) command.push_back("-DDWARF_CHECKED=1");
    for (const std::string& define : what.defines) command.push_back(define);
    std::string preprocessed = folder.path + "/program.ii";
    folder.files.push_back(preprocessed);
    command.insert(command.end(), {folder.path + "/program.cu", "-o", preprocessed});
    int status = run_program(command, "", log);
    if (status < 0) log = "the C++ compiler " + compiler() + " cannot be started: " + log + "; install g++ or set CXX";
    std::string text;
    if (status != 0 || !read_file(preprocessed, text)) return false;

    std::string ordinary = folder.add("program.cpp", rewrite(without_host_code(text), what.expressions, what.checked));
    // the instruments count on what g++ -Og keeps
    command = {what.checked && is_clang(compiler()) ? "g++" : compiler()};
    add_code_flags(command, what);
    command.push_back("-fdebug-prefix-map=" + folder.path + "=.");
    std::string result = folder.path + "/program.so";
    folder.files.push_back(result);
    // The emulator itself is named, so that a call of something that does not exist is an error here and not when the module is loaded.
    command.insert(command.end(), {"-x", "c++", ordinary, "-x", "none", own_path(), "-nodefaultlibs", "-lm", "-lc", "-lgcc", "-Wl,--no-undefined",
        "-Wl,-z,noexecstack", "-o", result});
    status = run_program(command, folder.path, log);
    if (status != 0) log = linker_errors(log);
    return status == 0 && read_file(result, binary);
}

}
