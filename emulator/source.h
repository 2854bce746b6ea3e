// What g++ cannot read of CUDA C++, rewritten in the preprocessed text: kernels and shared memory.
#pragma once
#include <string>
#include <vector>

namespace dwarf
{

struct NameExpression { std::string text, lowered; };

// The preprocessed text without what only a host program needs.
std::string without_host_code(const std::string& preprocessed);
// `preprocessed` is what `g++ -E` printed, with its line markers. The result is ordinary C++ whose errors still name the user's lines.
std::string rewrite(const std::string& preprocessed, const std::vector<NameExpression>& expressions, bool checked);

}
