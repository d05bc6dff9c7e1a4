#include "control.hpp"
#include <sstream>

static std::vector<std::complex<float>> read_cf32(const std::string &path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error("cannot read " + path);
    auto bytes = size_t(file.tellg());
    if (bytes == 0 || bytes % 8 != 0) throw std::runtime_error(path + " holds no whole cf32 samples");
    std::vector<std::complex<float>> samples(bytes / 8);
    file.seekg(0);
    file.read(reinterpret_cast<char *>(samples.data()), std::streamsize(bytes));
    return samples;
}

template <typename T> static T argument(std::istringstream &in, const char *name) {
    T value;
    if (!(in >> value)) throw std::runtime_error(std::string("expected ") + name);
    return value;
}

static size_t channel_argument(std::istringstream &in) {
    auto channel = argument<long long>(in, "a channel");
    if (channel < 0 || channel >= (long long)wire::CHANNELS) throw std::runtime_error("channels are 0 and 1");
    return size_t(channel);
}

// "DB DEG DELAY_SAMPLES", or "off".
Path path_of(std::istringstream &in) {
    Path path;
    std::string level;
    if (!(in >> level)) throw std::runtime_error("expected dB or off");
    if (level == "off") return path;
    std::istringstream number(level);
    path.is_there = true;
    path.db = argument<double>(number, "dB or off");
    path.deg = argument<double>(in, "degrees");
    path.delay_samples = argument<int64_t>(in, "a delay in samples");
    std::string more;
    if (number >> more || in >> more) throw std::runtime_error("a path is DB DEG DELAY_SAMPLES, or off");
    bool good = std::isfinite(path.deg) && path.db >= -300 && path.db <= 60 && path.delay_samples >= 0 && path.delay_samples <= 1000000;
    if (!good) throw std::runtime_error("a path has -300 to 60 dB and a delay of 0 to 1e6 samples");
    return path;
}

std::string Control::command(const std::string &line) {
    std::istringstream in(line);
    std::string name;
    in >> name;
    if (name == "onair") return radio_.on_air();
    if (name == "hang-write") {
        hosts_.faults([](wire::Faults &f) { f.hang = 1; });
    } else if (name == "unhang") {
        hosts_.faults([](wire::Faults &f) { f.hang = 0; });
    } else if (name == "short-writes") {
        auto samples = argument<int64_t>(in, "a number of samples");
        if (samples < 0) throw std::runtime_error("samples are 0 (no bound) or more");
        hosts_.faults([=](wire::Faults &f) { f.short_samples = samples; });
    } else if (name == "write-error") {
        int64_t times = -1;
        if (!(in >> times)) times = -1;
        hosts_.faults([=](wire::Faults &f) { f.errors = times, f.errors_number++; });
    } else if (name == "vanish" || name == "come-back") {
        hosts_.vanish(name == "vanish");
    } else if (name == "clock-jump") {
        radio_.jump(argument<int64_t>(in, "nanoseconds"));
    } else if (name == "stuck-gain") {
        std::string how;
        in >> how;
        if (!how.empty() && how != "silent") throw std::runtime_error("stuck-gain [silent]");
        radio_.edit([&](RadioFaults &f, auto &) { f.stuck_gain = true, f.stuck_silently = how == "silent"; });
    } else if (name == "stuck-antenna") {
        radio_.edit([](RadioFaults &f, auto &) { f.stuck_antenna = true; });
    } else if (name == "unlock" || name == "lock") {
        radio_.edit([&](RadioFaults &f, auto &) { f.unlocked = name == "unlock"; });
    } else if (name == "path") {
        size_t tx = channel_argument(in), rx = channel_argument(in);
        radio_.set_path(tx, rx, path_of(in));
    } else if (name == "inject") {
        size_t channel = channel_argument(in);
        double level = argument<double>(in, "dBFS"), frequency = argument<double>(in, "Hz");
        radio_.edit([&](auto &, auto &outside) { outside[channel].tones.push_back({std::pow(10, level / 20), frequency}); });
    } else if (name == "play") {
        size_t channel = channel_argument(in);
        auto samples = read_cf32(argument<std::string>(in, "a file"));
        radio_.edit([&](auto &, auto &outside) { outside[channel].repeated = std::move(samples); });
    } else if (name == "clear") {
        hosts_.faults([](wire::Faults &f) { f.hang = 0, f.short_samples = 0, f.errors = 0, f.errors_number++; });
        radio_.edit([](RadioFaults &f, auto &outside) { f = RadioFaults{}, outside.clear(); });
        hosts_.vanish(false);
    } else if (name != "quit") {
        throw std::runtime_error("unknown command " + name +
                                 " (hang-write, unhang, short-writes, write-error, vanish, come-back, clock-jump, stuck-gain, stuck-antenna, unlock, "
                                 "lock, inject, play, path, clear, onair, quit)");
    }
    record_.event(monotonic_ns(), "fault", "\"command\":" + json_string(line));
    record_.flush();
    return "ok";
}

bool Control::serve(int fd) {
    std::string text;
    char part[512];
    for (ssize_t n; (n = ::recv(fd, part, sizeof part, 0)) > 0;) {
        text.append(part, size_t(n));
        for (size_t at; (at = text.find('\n')) != std::string::npos; text.erase(0, at + 1)) {
            std::string line = text.substr(0, at), answer;
            try {
                answer = command(line);
            } catch (const std::exception &e) {
                answer = std::string("error: ") + e.what();
            }
            bool quit = line == "quit";
            if (quit) radio_.finish();
            answer += "\n";
            wire::send_all(fd, answer.data(), answer.size());
            if (quit) return true;
        }
        if (text.size() > 4096) break;
    }
    return false;
}
