#include "tokens.h"

#include <cctype>
#include <cstdlib>

namespace dwarf
{

namespace
{

bool starts_word(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || (c & 0x80); }
bool in_word(char c) { return starts_word(c) || isdigit(static_cast<unsigned char>(c)); }

// The end of a quoted literal that begins at i.
size_t quoted_end(const std::string& text, size_t i)
{
    char quote = text[i++];
    while (i < text.size() && text[i] != quote && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
    return i < text.size() ? i + 1 : text.size();
}

size_t raw_string_end(const std::string& text, size_t quote)
{
    size_t open = text.find('(', quote);
    if (open == std::string::npos) return text.size();
    std::string close = ")" + text.substr(quote + 1, open - quote - 1) + "\"";
    size_t end = text.find(close, open);
    return end == std::string::npos ? text.size() : end + close.size();
}

}

Tokens tokenize(const std::string& text)
{
    Tokens result;
    result.files.push_back("");
    int line = 1, file = 0;
    bool fresh = true;       // nothing but spaces since the line began
    size_t i = 0;
    while (i < text.size())
    {
        char c = text[i];
        if (c == '\n')
        {
            line++;
            fresh = true;
            i++;
            continue;
        }
        if (isspace(static_cast<unsigned char>(c)))
        {
            i++;
            continue;
        }
        if (c == '#' && fresh)
        {
            // a line marker `# 12 "name" flags`, or a pragma that passed the preprocessor
            size_t end = text.find('\n', i);
            if (end == std::string::npos) end = text.size();
            const char* digits = text.c_str() + i + 1;
            char* after = nullptr;
            long number = strtol(digits, &after, 10);
            size_t open = text.find('"', i);
            if (after != digits && open < end)
            {
                size_t close = quoted_end(text, open);
                std::string name = text.substr(open + 1, close - open - 2);
                for (file = 0; file < int(result.files.size()) && result.files[size_t(file)] != name; file++) {}
                if (file == int(result.files.size())) result.files.push_back(name);
                line = int(number) - 1;
            }
            i = end;
            continue;
        }
        fresh = false;
        size_t start = i;
        int at_line = line;
        if (starts_word(c))
        {
            while (i < text.size() && in_word(text[i])) i++;
            if (i < text.size() && text[i] == '"' && text[i - 1] == 'R') i = raw_string_end(text, i);
        }
        else if (isdigit(static_cast<unsigned char>(c)) || (c == '.' && i + 1 < text.size() && isdigit(static_cast<unsigned char>(text[i + 1]))))
        {
            while (i < text.size() && (in_word(text[i]) || text[i] == '.' || (text[i] == '\'' && i + 1 < text.size() && in_word(text[i + 1]))
                || ((text[i] == '+' || text[i] == '-') && (text[i - 1] == 'e' || text[i - 1] == 'E' || text[i - 1] == 'p' || text[i - 1] == 'P'))))
                i++;
        }
        else if (c == '"' || c == '\'') i = quoted_end(text, i);
        else if (c == ':' && i + 1 < text.size() && text[i + 1] == ':') i += 2;
        else i++;
        std::string_view word(text.data() + start, i - start);
        for (char d : word) line += d == '\n';
        result.all.push_back(Token{word, start, at_line, file});
    }
    return result;
}

}
