// The variables that a module declares with __device__ or __constant__: names and sizes from the symbol table of its library.
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <memory>
#include <vector>

#include "check_state.h"

namespace dwarf::check
{

namespace
{

std::string plain_name(const char* symbol)
{
    int status = 0;
    std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), free);
    return status == 0 && text ? text.get() : symbol;
}

// What the runtime adds to every module has names of its own.
bool is_own(const std::string& name) { return name.find("dwarf_") != std::string::npos || name.find("lubsan") != std::string::npos || name == "warpSize"; }

template <typename T> std::vector<T> read(std::ifstream& file, uint64_t at, uint64_t bytes)
{
    std::vector<T> items(size_t(bytes / sizeof(T)));
    file.seekg(std::streamoff(at));
    file.read(reinterpret_cast<char*>(items.data()), std::streamsize(items.size() * sizeof(T)));
    if (!file) items.clear();
    return items;
}

}

void add_variables(const Module& module)
{
    // Those of one module at a time: an unloaded one's addresses may come to be another's.
    static const Module* s_last = nullptr;
    static auto* s_added = new std::vector<void*>;
    Dl_info info{};
    if (s_last == &module || dladdr(module.info, &info) == 0) return;
    s_last = &module;
    for (void* base : *s_added) global_forgotten(base);
    s_added->clear();
    std::ifstream file(module.path, std::ios::binary);
    std::vector<Elf64_Ehdr> header = read<Elf64_Ehdr>(file, 0, sizeof(Elf64_Ehdr));
    if (header.empty() || header[0].e_shentsize != sizeof(Elf64_Shdr)) return;
    std::vector<Elf64_Shdr> sections = read<Elf64_Shdr>(file, header[0].e_shoff, uint64_t(header[0].e_shnum) * sizeof(Elf64_Shdr));
    for (const Elf64_Shdr& table : sections)
    {
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
        std::vector<char> names = read<char>(file, sections[table.sh_link].sh_offset, sections[table.sh_link].sh_size);
        for (const Elf64_Sym& symbol : read<Elf64_Sym>(file, table.sh_offset, table.sh_size))
        {
            if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_size == 0 || symbol.st_shndx >= sections.size()) continue;
            if (!(sections[symbol.st_shndx].sh_flags & SHF_WRITE) || symbol.st_name >= names.size()) continue;
            std::string name = plain_name(names.data() + symbol.st_name);
            if (is_own(name)) continue;
            void* base = static_cast<char*>(info.dli_fbase) + symbol.st_value;
            global_added(base, symbol.st_size, name);
            global_written(base, symbol.st_size);
            s_added->push_back(base);
        }
    }
}

}
