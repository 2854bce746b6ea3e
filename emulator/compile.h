// The host compiler as a subprocess.
#pragma once
#include <string>
#include <vector>

#include "source.h"

namespace dwarf
{

struct Header { std::string name, text; };

struct Compilation
{
    std::string source, name;
    std::vector<Header> headers;
    std::vector<NameExpression> expressions;
    std::vector<std::string> defines, includes;    // -D…, -U… and -I… options as given
    int arch = 900;                                // __CUDA_ARCH__
    bool checked = false;
    bool contract = false;                         // a * b + c may be one rounding
};

// True with the library's bytes, or false with the compiler's messages in `log`.
bool compile(const Compilation& what, std::string& binary, std::string& log);
// $CXX, or g++.
std::string compiler();
// Runs a program; its stdout and stderr come back as text. -1 where it could not be started.
int run_program(const std::vector<std::string>& arguments, const std::string& folder, std::string& output);
// Where this library itself lies.
std::string own_path();

}
