// A student's file is often a whole program: main(), cudaMalloc, kernel<<<…>>>(…). None of that concerns a kernel, and NVRTC's headers know
// none of it, so such functions and declarations are blanked out before the rest is compiled. Lines stay where they are.
#include <cctype>
#include <set>

#include "source.h"
#include "tokens.h"

namespace dwarf
{

namespace
{

class HostCode
{
public:
    explicit HostCode(const std::string& text) : _text(text), _tokens(tokenize(text)), _all(_tokens.all) {}

    std::string remove()
    {
        size_t start = 0;
        for (size_t i = 0; i < _all.size(); i++)
        {
            if (is(i, ";") || is(i, "}"))
            {
                if (is(i, ";")) drop_if_host(start, i + 1, i + 1);
                start = i + 1;
            }
            else if (is(i, "(") || is(i, "[")) i = after_bracket(i) - 1;
            else if (is(i, "{"))
            {
                bool linkage = i >= 2 && is(i - 2, "extern") && _all[i - 1].text[0] == '"';
                if (linkage || has(start, i, "namespace"))
                {
                    start = i + 1;
                    continue;
                }
                size_t end = after_bracket(i);
                drop_if_host(start, i, end);
                // A class or a list of values goes on to its semicolon.
                bool function = has(start, i, "(") && !assigned(start, i);
                if (function) start = end;
                i = end - 1;
            }
        }
        return _text;
    }

private:
    bool is(size_t i, std::string_view word) const { return i < _all.size() && _all[i].text == word; }

    bool has(size_t from, size_t to, std::string_view word) const
    {
        for (size_t i = from; i < to; i++)
            if (_all[i].text == word) return true;
        return false;
    }

    // An '=' that is no default argument's and no operator's name.
    bool assigned(size_t from, size_t to) const
    {
        for (size_t i = from; i < to; i++)
        {
            if (is(i, "operator")) return false;
            if (is(i, "=")) return true;
            if (is(i, "(") || is(i, "[")) i = after_bracket(i) - 1;
        }
        return false;
    }

    size_t after_bracket(size_t i) const
    {
        int depth = 0;
        for (; i < _all.size(); i++)
        {
            char c = _all[i].text[0];
            if (_all[i].text.size() != 1) continue;
            if (c == '(' || c == '[' || c == '{') depth++;
            if ((c == ')' || c == ']' || c == '}') && --depth == 0) return i + 1;
        }
        return i;
    }

    // The runtime's own calls and types, a launch, the standard library, and functions that have been blanked out already.
    bool host_word(size_t i) const
    {
        static const std::set<std::string_view> words = {"malloc", "calloc", "realloc", "rand", "srand", "exit", "atoi", "atof", "fprintf", "fopen",
            "fclose", "getenv", "cout", "cerr", "endl"};
        std::string_view word = _all[i].text;
        if (word.size() > 4 && word.substr(0, 4) == "cuda" && isupper(static_cast<unsigned char>(word[4]))) return true;
        if (word == "std" && is(i + 1, "::")) return true;
        if (word == "<" && is(i + 1, "<") && is(i + 2, "<") && _all[i + 2].at == _all[i].at + 2) return true;
        if (_own.count(word) != 0) return false;
        return is(i + 1, "(") && (words.count(word) != 0 || _gone.count(word) != 0);
    }

    void drop_if_host(size_t from, size_t signature, size_t to)
    {
        if (from >= to || has(from, signature, "__global__")) return;
        bool host = false;
        size_t name = signature;
        for (size_t i = from; i + 1 < signature; i++)
            if (is(i + 1, "(") && name == signature) name = i;
        if (name < signature) host = is(name, "main");
        for (size_t i = from; i < to && !host; i++) host = i != name && host_word(i);
        if (name < signature && (isalpha(static_cast<unsigned char>(_all[name].text[0])) || _all[name].text[0] == '_'))
            (host ? _gone : _own).insert(_all[name].text);
        if (!host) return;
        size_t end = to < _all.size() ? _all[to - 1].at + _all[to - 1].text.size() : _text.size();
        bool marker = false, fresh = false;             // a line marker of the preprocessor stays
        for (size_t at = _all[from].at; at < end; at++)
        {
            char c = _text[at];
            if (c == '\n') marker = false, fresh = true;
            else if (fresh) marker = c == '#', fresh = false;
            if (c != '\n' && !marker) _blank.push_back(at);
        }
        for (size_t at : _blank) _text[at] = ' ';
        _blank.clear();
    }

    std::string _text;
    const Tokens _tokens;
    const std::vector<Token>& _all;
    std::set<std::string_view> _gone, _own;        // functions blanked out, and kept
    std::vector<size_t> _blank;
};

}

std::string without_host_code(const std::string& preprocessed) { return HostCode(preprocessed).remove(); }

}
