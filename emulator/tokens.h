// The words of a preprocessed C++ file with the place that each came from.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dwarf
{

struct Token
{
    std::string_view text;
    size_t at;              // offset in the preprocessed text
    int line;
    int file;               // index into Tokens::files
};

struct Tokens
{
    std::vector<Token> all;
    std::vector<std::string> files;
};

Tokens tokenize(const std::string& text);

}
