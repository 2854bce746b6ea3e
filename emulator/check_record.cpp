// What the instruments found, launch by launch, and as JSON.
#include <cstdio>
#include <map>
#include <set>

#include "check.h"
#include "schedule.h"

namespace dwarf::check
{

namespace
{

std::vector<Record>& records()
{
    static auto* list = new std::vector<Record>;
    return *list;
}

std::set<std::pair<std::string, uint32_t>>& seen()
{
    static auto* set = new std::set<std::pair<std::string, uint32_t>>;
    return *set;
}

std::string quoted(const std::string& text)
{
    std::string result = "\"";
    for (char c : text)
    {
        char escaped[8];
        if (c == '"' || c == '\\') result += '\\', result += c;
        else if (static_cast<unsigned char>(c) < 32)
        {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            result += escaped;
        }
        else result += c;
    }
    return result + "\"";
}

std::string triple(unsigned x, unsigned y, unsigned z)
{
    return "[" + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + "]";
}

std::string filled(const Finding& finding)
{
    std::string text;
    for (size_t i = 0; i < finding.message.size(); i++)
    {
        if (finding.message[i] == '$' && i + 1 < finding.message.size() && finding.message[i + 1] == '2')
        {
            text += std::to_string(spot(finding.other).line);
            i++;
        }
        else text += finding.message[i];
    }
    if (!spot(finding.spot).inside.empty()) text += " (in " + spot(finding.spot).inside + ")";
    return text;
}

std::string numbers(const Counters& c)
{
    char occupancy[32];
    snprintf(occupancy, sizeof occupancy, "%.6g", c.instructions == 0 ? 0.0 : double(c.lanes) / 32.0 / double(c.instructions));
    return "\"global_bytes_read\":" + std::to_string(c.read) + ",\"global_bytes_written\":" + std::to_string(c.written)
        + ",\"global_sectors\":" + std::to_string(c.sectors) + ",\"ideal_global_sectors\":" + std::to_string(c.ideal_sectors)
        + ",\"shared_passes\":" + std::to_string(c.passes) + ",\"ideal_shared_passes\":" + std::to_string(c.ideal_passes)
        + ",\"barriers\":" + std::to_string(c.barriers) + ",\"memory_instructions\":" + std::to_string(c.instructions)
        + ",\"lane_occupancy\":" + occupancy;
}

std::string sample_json(const Sample& sample)
{
    const Instruction& i = sample.instruction;
    std::string text = std::string("{\"space\":\"") + (i.space == Space::global ? "global" : "shared") + "\",\"access\":\""
        + (i.reads && i.writes ? "atomic" : i.writes ? "write" : "read") + "\",\"bytes\":" + std::to_string(i.bytes) + ",\"object\":"
        + quoted(sample.object) + ",\"block\":" + std::to_string(sample.block) + ",\"warp\":" + std::to_string(sample.warp) + ",\"lanes\":"
        + std::to_string(i.lanes) + ",\"addresses\":[";
    for (int lane = 0; lane < 32; lane++)
        text += (lane ? "," : "") + (i.lanes >> lane & 1 ? std::to_string(int64_t(i.address[lane])) : "null");
    return text + "]}";
}

std::string launch_json(const Record& record)
{
    std::string faults;
    std::set<std::tuple<std::string, std::string, int>> told;
    for (const Finding& finding : record.findings)
    {
        const Spot& place = spot(finding.spot);
        if (!told.insert({finding.kind, place.file, place.line}).second) continue;
        faults += (faults.empty() ? "" : ",") + ("{\"kind\":" + quoted(finding.kind)) + ",\"kernel\":" + quoted(record.kernel) + ",\"file\":"
            + quoted(place.file) + ",\"line\":" + std::to_string(place.line) + ",\"block\":" + triple(finding.block.x, finding.block.y, finding.block.z)
            + ",\"thread\":" + triple(finding.thread.x, finding.thread.y, finding.thread.z) + ",\"message\":" + quoted(filled(finding)) + "}";
    }
    Counters total{};
    std::map<std::pair<std::string, int>, Counters> lines;
    std::map<std::pair<std::string, int>, std::string> samples;
    for (uint32_t id = 0; id < record.counters.size(); id++)
    {
        const Counters& counters = record.counters[id];
        if (counters.instructions == 0 && counters.barriers == 0) continue;
        total.add(counters);
        std::pair<std::string, int> place{spot(id).file, spot(id).line};
        lines[place].add(counters);
        if (id >= record.samples.size()) continue;
        for (const Sample& sample : record.samples[id]) samples[place] += (samples[place].empty() ? "" : ",") + sample_json(sample);
    }
    std::string per_line;
    for (auto& [place, counters] : lines)
    {
        per_line += (per_line.empty() ? "" : ",") + ("{\"line\":" + std::to_string(place.second)) + ",\"file\":" + quoted(place.first) + ","
            + numbers(counters) + ",\"samples\":[" + samples[place] + "]}";
    }
    return "{\"kernel\":" + quoted(record.kernel) + ",\"file\":" + quoted(record.file) + ",\"grid\":" + triple(record.grid.x, record.grid.y, record.grid.z)
        + ",\"block\":" + triple(record.block.x, record.block.y, record.block.z) + ",\"shared_bytes\":" + std::to_string(record.shared_bytes)
        + ",\"faults\":[" + faults + "],\"counters\":{" + numbers(total) + ",\"lines\":[" + per_line + "]}}";
}

}

Record& record()
{
    if (records().empty()) records().emplace_back();
    return records().back();
}

void start_record(const Launch& launch)
{
    Record record{};
    record.kernel = launch.kernel->name;
    record.file = launch.kernel->entry->file;
    record.grid = launch.grid;
    record.block = launch.block;
    record.shared_bytes = launch.kernel->static_shared + launch.shared_bytes;
    records().push_back(std::move(record));
    seen().clear();
}

void finish_record() { resolve(record().file); }

void clear_records() { records().clear(); }

bool reported(const char* kind, uint32_t spot) { return seen().count({kind, spot}) != 0; }

void report(const char* kind, uint32_t spot, uint32_t other, uint3 block, uint3 thread, const std::string& message)
{
    if (seen().insert({kind, spot}).second) record().findings.push_back(Finding{kind, message, spot, other, block, thread});
}

std::string json()
{
    std::string text = "[";
    for (const Record& record : records()) text += (text.size() > 1 ? ",\n" : "") + launch_json(record);
    return text + "]";
}

}
