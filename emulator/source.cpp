#include "source.h"

#include <map>

#include "context.h"
#include "tokens.h"

namespace dwarf
{

namespace
{

struct Edit { size_t from, to; std::string text; };

struct KernelFound { std::string name, bounds; int file, line; int definitions; };

class Rewriter
{
public:
    Rewriter(const std::string& text, bool checked) : _text(text), _tokens(tokenize(text)), _all(_tokens.all), _checked(checked) {}

    std::string run(const std::vector<NameExpression>& expressions)
    {
        for (size_t i = 0; i < _all.size(); i++)
        {
            std::string_view word = _all[i].text;
            if (word == "{") open(i);
            else if (word == "}" && !_scopes.empty()) _scopes.pop_back();
            else if (word == "__global__") kernel(i);
            else if (word == "__launch_bounds__") erase_call(i);
            else if (word == "__shared__") i = shared(i);
            else if (word == "asm" || word == "__asm__" || word == "__asm") i = inline_assembly(i);
        }
        std::string result;
        size_t done = 0;
        for (const Edit& edit : _edits)
        {
            result.append(_text, done, edit.from - done);
            result += edit.text;
            done = edit.to;
        }
        result.append(_text, done, std::string::npos);
        return result + entries(expressions);
    }

private:
    struct Scope { bool code; std::string space, kernel; };

    bool is(size_t i, std::string_view word) const { return i < _all.size() && _all[i].text == word; }
    bool word_at(size_t i) const
    {
        return i < _all.size() && (isalpha(static_cast<unsigned char>(_all[i].text[0])) || _all[i].text[0] == '_');
    }
    bool in_code() const { return !_scopes.empty() && _scopes.back().code; }
    std::string marker(int file, int line) const { return "\n# " + std::to_string(line) + " \"" + _tokens.files[size_t(file)] + "\"\n"; }

    // The token after the bracket that closes the one at i.
    size_t after_bracket(size_t i) const
    {
        int depth = 0;
        for (; i < _all.size(); i++)
        {
            char c = _all[i].text[0];
            if (c == '(' || c == '[' || c == '{') depth++;
            if ((c == ')' || c == ']' || c == '}') && --depth == 0) return i + 1;
        }
        return i;
    }

    size_t statement_start(size_t i) const
    {
        while (i > 0 && !is(i - 1, ";") && !is(i - 1, "{") && !is(i - 1, "}")) i--;
        return i;
    }

    bool spaced(size_t i) const { return i + 1 >= _all.size() || _all[i + 1].at != _all[i].at + _all[i].text.size(); }

    std::string join(size_t from, size_t to) const
    {
        std::string text;
        for (size_t i = from; i < to; i++)
        {
            text += _all[i].text;
            if (spaced(i)) text += ' ';      // "==" is two tokens here and must stay one
        }
        return text;
    }

    void open(size_t i)
    {
        Scope scope{true, _scopes.empty() ? "" : _scopes.back().space, _scopes.empty() ? "" : _scopes.back().kernel};
        if (!in_code())
        {
            bool linkage = i >= 2 && is(i - 2, "extern") && _all[i - 1].text[0] == '"';
            size_t start = statement_start(i);
            if (is(start, "inline")) start++;
            bool space = is(start, "namespace");
            if (linkage || space) scope.code = false;
            if (space)
                for (size_t j = start + 1; j < i; j++)
                    if (word_at(j)) scope.space += std::string(_all[j].text) + "::";
        }
        auto body = _bodies.find(i);
        if (body != _bodies.end()) scope.kernel = body->second;
        _scopes.push_back(scope);
    }

    void erase_call(size_t i)
    {
        size_t after = after_bracket(i + 1);
        size_t end = after < _all.size() ? _all[after - 1].at + 1 : _text.size();
        std::string blank;
        for (size_t at = _all[i].at; at < end; at++) blank += _text[at] == '\n' ? '\n' : ' ';
        _edits.push_back({_all[i].at, end, blank});
    }

    void kernel(size_t i)
    {
        _edits.push_back({_all[i].at, _all[i].at + 10, _checked ? "__attribute__((noinline, flatten))" : ""});
        bool is_template = is(statement_start(i), "template");
        std::string bounds;
        size_t j = i + 1;
        for (; j < _all.size() && !is(j, ";") && !is(j, "{"); j++)
        {
            if (!word_at(j) || !is(j + 1, "(")) continue;
            if (is(j, "__launch_bounds__"))
            {
                size_t end = after_bracket(j + 1) - 1, first = j + 2, comma = first;
                int depth = 0;
                for (; comma < end; comma++)
                {
                    char c = _all[comma].text[0];
                    if (c == '(') depth++;
                    else if (c == ')') depth--;
                    else if (c == ',' && depth == 0) break;
                }
                bounds = join(first, comma);
                j = end;
            }
            else if (is(j, "__attribute__") || is(j, "alignas") || is(j, "decltype")) j = after_bracket(j + 1) - 1;
            else break;
        }
        if (!word_at(j) || !is(j + 1, "(")) return;
        std::string space = _scopes.empty() ? "" : _scopes.back().space;
        std::string name = space + std::string(_all[j].text);
        size_t body = after_bracket(j + 1);
        if (!is(body, "{")) return;
        _bodies[body] = std::string(_all[j].text);
        _declared[name] = {_all[j].file, _all[j].line};
        if (is_template || in_code()) return;
        for (KernelFound& known : _kernels)
            if (known.name == name)
            {
                known.definitions++;
                return;
            }
        _kernels.push_back({name, bounds, _all[j].file, _all[j].line, 1});
    }

    // One declaration with __shared__ in it; returns the token it ends at.
    size_t shared(size_t i)
    {
        size_t start = statement_start(i), end = i;
        while (end < _all.size() && !is(end, ";"))
        {
            char c = _all[end].text[0];
            end = c == '(' || c == '[' || c == '{' ? after_bracket(end) : end + 1;
        }
        bool dynamic = false;
        for (size_t j = start; j < i; j++)
        {
            dynamic |= is(j, "extern");
            if (is(j, ")") || is(j, ":")) start = j + 1;      // a label, or `if (…)`, before the declaration
        }
        if (!in_code() && !dynamic)
        {
            // shared memory at file scope: one copy a worker, as a thread-local
            _edits.push_back({_all[i].at, _all[i].at + _all[i].text.size(), is(start, "static") ? "thread_local" : "static thread_local"});
            return i;
        }
        std::string type, alignment, text;
        size_t j = start;
        for (; j < end; j++)
        {
            if (is(j, "extern") || is(j, "static") || is(j, "__shared__")) continue;
            // the object's own, not those between `struct` and its name
            bool of_type = j > 0 && (is(j - 1, "struct") || is(j - 1, "class") || is(j - 1, "union"));
            if (!of_type && (is(j, "__attribute__") || is(j, "alignas")) && is(j + 1, "("))
            {
                size_t after = after_bracket(j + 1);
                alignment += is(j, "alignas") ? "__attribute__((aligned" + join(j + 1, after) + "))" : join(j, after);
                j = after - 1;
                continue;
            }
            if (is(j, "*")) break;               // belongs to the declarator, not to the type
            char c = _all[j].text[0];
            if (c == '{' || c == '(')
            {
                size_t after = after_bracket(j);
                type += join(j, after);
                j = after - 1;
                continue;
            }
            if (word_at(j) && !type.empty() && (is(j + 1, "[") || is(j + 1, ",") || is(j + 1, ";") || is(j + 1, "="))) break;
            if (c == '<')
            {
                int depth = 0;
                for (; j < end; j++)
                {
                    depth += is(j, "<") ? 1 : is(j, ">") ? -1 : 0;
                    type += std::string(_all[j].text) + (spaced(j) ? " " : "");
                    if (depth == 0) break;
                }
                continue;
            }
            type += std::string(_all[j].text) + " ";
        }
        std::string stars = pointer_part(j);
        if (j >= end || !word_at(j))
        {
            text = "static_assert(false, \"this declaration of shared memory is not understood\")";
        }
        else if (dynamic)
        {
            text = dynamic_declaration(type + stars, std::string(_all[j].text), j + 1, end);
        }
        else
        {
            std::string base = "dwarf_base_" + std::to_string(_count);
            text = "typedef " + type + base + ";";
            while (j < end)
            {
                std::string name(_all[j].text);
                size_t after = j + 1;
                while (after < end && is(after, "[")) after = after_bracket(after);
                text += static_declaration(base + stars, alignment, name, join(j + 1, after), _all[j]);
                if (after < end && !is(after, ","))
                {
                    text = "static_assert(false, \"shared memory cannot be initialised where it is declared\")";
                    break;
                }
                j = after + 1;
                stars = pointer_part(j);
            }
        }
        size_t last = end < _all.size() ? _all[end].at : _text.size();
        const Token& next = _all[end < _all.size() ? end : _all.size() - 1];
        // edits may have been made inside this region already (a kernel's attributes cannot)
        _edits.push_back({_all[start].at, last, text + marker(next.file, next.line)});
        return end;
    }

    // The stars before a declarator's name, with what qualifies them; moves i past them.
    std::string pointer_part(size_t& i) const
    {
        std::string text;
        for (; is(i, "*") || (!text.empty() && (is(i, "const") || is(i, "volatile") || is(i, "__restrict__"))); i++) text += std::string(_all[i].text) + " ";
        return text;
    }

    // Inline PTX has no meaning here, and the assembler's words for it would name no line.
    size_t inline_assembly(size_t i)
    {
        const std::string& file = _tokens.files[size_t(_all[i].file)];
        if (file.compare(0, 6, "device") == 0) return i;
        size_t open = i;
        while (open < _all.size() && !is(open, "(") && !is(open, ";")) open++;
        if (!is(open, "(") || !in_code()) return i;
        size_t after = after_bracket(open);
        _edits.push_back({_all[i].at, _all[after - 1].at + 1,
            "static_assert(false, \"inline PTX does not run on the emulator: give it a twin under #if defined(DWARF_EMULATED)\")"
            + marker(_all[after - 1].file, _all[after - 1].line)});
        return after - 1;
    }

    std::string dynamic_declaration(const std::string& type, const std::string& name, size_t from, size_t end)
    {
        size_t rest = is(from, "[") ? after_bracket(from) : from;
        std::string dimensions = join(rest, end);
        std::string pointer = dimensions.empty() ? type + "*" : type + "(*)" + dimensions;
        std::string place = _checked ? "dwarf_dynamic_shared()" : "dwarf_self->block->dynamic";
        if (!in_code()) return "\n#define " + name + " ((" + pointer + ")" + place + ")\n";
        if (dimensions.empty()) return type + "* const " + name + " = (" + pointer + ")" + place;
        return type + "(* const " + name + ")" + dimensions + " = (" + pointer + ")" + place;
    }

    std::string static_declaration(const std::string& base, const std::string& alignment, const std::string& name, const std::string& dimensions,
                                   const Token& token)
    {
        std::string n = std::to_string(_count++), type = "dwarf_type_" + n, tag = "dwarf_tag_" + n;
        std::string object = "dwarf_slot<" + tag + ", " + type + ">::object";
        std::string place = _checked ? "dwarf_shared_at(&" + object + ")" : "(dwarf_self->block->shared + " + object + ".offset)";
        std::string kernel = _scopes.empty() ? "" : _scopes.back().kernel;
        return "typedef " + base + " " + type + " " + dimensions + alignment + "; struct " + tag + " { static const char* name() { return \"" + name
            + "\"; } static const char* function() { return __PRETTY_FUNCTION__; } static const char* scope() { return \"" + kernel
            + "\"; } static const char* file() { return \"" + _tokens.files[size_t(token.file)] + "\"; } static int line() { return "
            + std::to_string(token.line) + "; } }; " + type + "& " + name + " = *(" + type + "*)" + place + ";";
    }

    std::string entries(const std::vector<NameExpression>& expressions)
    {
        std::string text, last = "nullptr";
        int count = 0;
        auto add = [&](const std::string& name, const std::string& title, const std::string& expression, const std::string& bounds, const std::string& file, int line) {
            std::string entry = "dwarf_entry_" + std::to_string(count++), pointer = "&" + expression;
            std::string caller = "dwarf_caller<dwarf_pointee<decltype(" + pointer + ")>::type, " + pointer + ">";
            std::string bare = expression.substr(0, expression.find('<'));
            bare = bare.substr(bare.rfind(':') == std::string::npos ? 0 : bare.rfind(':') + 1);
            while (!bare.empty() && bare.back() == ' ') bare.pop_back();
            text += "static dwarf_kernel_entry " + entry + " = {\"" + name + "\", \"" + title + "\", \"" + bare + "\", &" + caller + "::run, " + caller + "::sizes, " + caller + "::count, "
                + (bounds.empty() ? "0" : "(int)(" + bounds + ")") + ", \"" + file + "\", " + std::to_string(line) + ", " + last + "};\n";
            last = "&" + entry;
        };
        for (const KernelFound& kernel : _kernels)
        {
            if (kernel.definitions != 1) continue;     // overloads: only a name expression can tell them apart
            text += marker(kernel.file, kernel.line);
            add(kernel.name, kernel.name, kernel.name, kernel.bounds, _tokens.files[size_t(kernel.file)], kernel.line);
        }
        for (const NameExpression& expression : expressions)
        {
            bool listed = false;
            for (const KernelFound& kernel : _kernels) listed |= kernel.definitions == 1 && kernel.name == expression.lowered;
            if (listed) continue;
            text += "\n# 1 \"name expression " + expression.lowered + "\"\n";
            std::string bare = expression.text;
            while (!bare.empty() && (bare[0] == '&' || bare[0] == ' ')) bare.erase(0, 1);
            auto declared = _declared.find(bare.substr(0, bare.find('<')));
            if (declared == _declared.end()) add(expression.lowered, bare, bare, "", "", 0);
            else add(expression.lowered, bare, bare, "", _tokens.files[size_t(declared->second.first)], declared->second.second);
        }
        return text + "\n# 1 \"dwarf\"\nextern \"C\" __attribute__((visibility(\"default\"))) dwarf_module dwarf_module_info;\ndwarf_module dwarf_module_info = {"
            + std::to_string(DWARF_MODULE_VERSION) + ", " + (_checked ? "1" : "0") + ", " + last + ", &dwarf_shared_list};\n";
    }

    const std::string& _text;
    Tokens _tokens;
    const std::vector<Token>& _all;
    bool _checked;
    std::vector<Edit> _edits;
    std::vector<Scope> _scopes;
    std::map<size_t, std::string> _bodies;
    std::map<std::string, std::pair<int, int>> _declared;     // file and line of every kernel, templates too
    std::vector<KernelFound> _kernels;
    int _count = 0;
};

}

std::string rewrite(const std::string& preprocessed, const std::vector<NameExpression>& expressions, bool checked)
{
    return Rewriter(preprocessed, checked).run(expressions);
}

}
