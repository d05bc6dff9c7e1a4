#include "record.hpp"
#include <algorithm>
#include <cstdio>

std::string json_string(const std::string &text) {
    std::string out = "\"";
    for (unsigned char c : text) {
        char code[8];
        if (c == '"' || c == '\\') {
            out += '\\';
            out += char(c);
        } else if (c < 0x20) {
            snprintf(code, sizeof code, "\\u%04x", c);
            out += code;
        } else {
            out += char(c);
        }
    }
    return out + "\"";
}

std::string json_number(double value) {
    char text[40];
    snprintf(text, sizeof text, "%.10g", value);
    return text;
}

Record::Record(const std::string &dir, uint64_t sample_limit) : sample_limit_(sample_limit) {
    events_.open(dir + "/events.jsonl", std::ios::trunc);
    bool good = events_.good();
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        tx_[c].open(dir + "/tx" + std::to_string(c) + ".cf32", std::ios::binary | std::ios::trunc);
        good = good && tx_[c].good();
    }
    if (!good) throw std::runtime_error("cannot write in " + dir + " (does the folder exist?)");
}

void Record::event(int64_t t_ns, const std::string &what, const std::string &fields) {
    std::string line = "{\"t_ns\":" + std::to_string(t_ns) + ",\"what\":" + json_string(what);
    if (!fields.empty()) line += "," + fields;
    std::lock_guard<std::mutex> hold(pending_lock_);
    pending_.push_back({-1, line + "}\n", {}});
}

void Record::samples(size_t channel, const int16_t *iq, size_t count) {
    std::lock_guard<std::mutex> hold(pending_lock_);
    if (sample_limit_ > 0) count = size_t(std::min<uint64_t>(count, sample_limit_ - queued_[channel]));
    if (count == 0) return;
    queued_[channel] += count;
    if (pending_.empty() || pending_.back().channel != int(channel)) pending_.push_back({int(channel), "", {}});
    auto &to = pending_.back().iq;
    to.insert(to.end(), iq, iq + 2 * count);
}

void Record::flush() {
    std::lock_guard<std::mutex> writing(write_lock_);
    std::vector<Item> items;
    {
        std::lock_guard<std::mutex> hold(pending_lock_);
        items.swap(pending_);
    }
    std::vector<float> floats;
    for (auto &item : items) {
        if (item.channel < 0) {
            for (auto &file : tx_) file.flush();
            events_ << item.line << std::flush;
            continue;
        }
        floats.resize(item.iq.size());
        for (size_t i = 0; i < floats.size(); i++) floats[i] = float(item.iq[i]) / 32767.0f;
        tx_[item.channel].write(reinterpret_cast<const char *>(floats.data()), std::streamsize(floats.size() * sizeof(float)));
    }
    for (auto &file : tx_) file.flush();
}
