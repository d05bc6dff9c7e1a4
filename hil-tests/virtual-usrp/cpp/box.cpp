// virtual-usrp-box: a USRP 2944R that is not there. See README.md.
#include "control.hpp"
#include <csignal>
#include <malloc.h>
#include <cstdio>
#include <memory>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <thread>

struct Options {
    std::string socket, record, control, serial = "31A5F2C";
    int64_t fifo_ms = 200;
    Paths paths;
    bool lo_random = false;
    double noise_dbfs = -90;
    uint64_t seed = 1, sample_limit = 0;
    bool until_stdin_closes = false;
};

static Options parse(int argc, char **argv) {
    Options o;
    for (size_t c = 0; c < wire::CHANNELS; c++) o.paths[c][c].is_there = true, o.paths[c][c].db = -40;
    auto loops = [&](const std::function<void(Path &)> &change) {
        for (size_t c = 0; c < wire::CHANNELS; c++) change(o.paths[c][c]);
    };
    for (int i = 1; i < argc; i++) {
        std::string name = argv[i];
        if (name == "--until-stdin-closes") {
            o.until_stdin_closes = true;
            continue;
        }
        if (i + 1 >= argc) throw std::runtime_error(name + " wants a value");
        std::string value = argv[++i];
        auto number = [&](double low, double high) {
            size_t used = 0;
            double got = 0;
            try {
                got = std::stod(value, &used);
            } catch (const std::exception &) {
            }
            if (value.empty() || used != value.size() || !(got >= low && got <= high)) throw std::runtime_error("no value for " + name + ": " + value);
            return got;
        };
        if (name == "--socket") o.socket = value;
        else if (name == "--record") o.record = value;
        else if (name == "--control") o.control = value;
        else if (name == "--serial") o.serial = value;
        else if (name == "--fifo-ms") o.fifo_ms = int64_t(number(1, 10000));
        else if (name == "--loop-db") loops([&](Path &p) { p.db = number(-300, 60); });
        else if (name == "--loop-delay") loops([&](Path &p) { p.delay_samples = int64_t(number(0, 1e6)); });
        else if (name == "--lo-phase") {
            if (value != "zero" && value != "random") throw std::runtime_error("--lo-phase zero or random, not " + value);
            o.lo_random = value == "random";
        }
        else if (name == "--noise-dbfs") o.noise_dbfs = number(-300, 0);
        else if (name == "--seed") o.seed = uint64_t(number(0, 1e15));
        else if (name == "--sample-limit") o.sample_limit = uint64_t(number(0, 1e15));
        else throw std::runtime_error("unknown option " + name);
    }
    if (o.socket.empty() || o.record.empty()) throw std::runtime_error("--socket PATH and --record DIR are needed");
    return o;
}

static int listen_at(const std::string &path) {
    int other = wire::connect_to(path);
    if (other >= 0) {
        ::close(other);
        throw std::runtime_error(path + " is in use by another box");
    }
    ::unlink(path.c_str());
    sockaddr_un at = wire::address(path);
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t before = ::umask(0077);
    bool good = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at) == 0 && ::listen(fd, 16) == 0;
    ::umask(before);
    if (!good) throw std::runtime_error("cannot listen at " + path + ": " + std::strerror(errno));
    return fd;
}

static int run(const Options &options) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    // Blocks of samples come and go: keep their pages.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    int signals = signalfd(-1, &stop, SFD_CLOEXEC);

    // The threads use these for as long as the process lives.
    auto &record = *new Record(options.record, options.sample_limit);
    auto &radio = *new Radio(record, options.fifo_ms, options.paths, options.lo_random, options.noise_dbfs, options.seed);
    auto &hosts = *new Hosts(radio, record, options.serial);
    auto &control = *new Control(radio, hosts, record);
    int host_socket = listen_at(options.socket);
    int control_socket = options.control.empty() ? -1 : listen_at(options.control);
    record.event(monotonic_ns(), "start",
                 "\"serial\":" + json_string(options.serial) + ",\"fifo_ms\":" + std::to_string(options.fifo_ms) +
                     ",\"start_ns\":" + std::to_string(radio.clock.start_ns));
    record.flush();
    std::thread([&] {
        in_front();
        radio.play();
    }).detach();
    printf("ready\n");
    fflush(stdout);

    int quit[2];
    if (::pipe(quit) != 0) throw std::runtime_error("no pipe");
    pollfd watched[] = {{signals, POLLIN, 0},        {quit[0], POLLIN, 0},
                        {host_socket, POLLIN, 0},    {control_socket, POLLIN, 0},
                        {options.until_stdin_closes ? 0 : -1, POLLIN, 0}};
    for (;;) {
        if (::poll(watched, 5, -1) < 0) continue;
        char byte;
        bool stdin_closed = watched[4].revents && ::read(0, &byte, 1) <= 0;
        if (watched[0].revents || watched[1].revents || stdin_closed) break;
        if (watched[2].revents) {
            int fd = ::accept4(host_socket, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd >= 0) std::thread([&hosts, fd] { hosts.serve(fd); }).detach();
        }
        if (watched[3].revents) {
            int fd = ::accept4(control_socket, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd >= 0)
                std::thread([&control, &quit, fd] {
                    if (control.serve(fd) && ::write(quit[1], "q", 1) != 1) _exit(1);
                    ::close(fd);
                }).detach();
        }
    }
    radio.finish();
    ::unlink(options.socket.c_str());
    if (!options.control.empty()) ::unlink(options.control.c_str());
    _exit(0);
}

int main(int argc, char **argv) {
    try {
        return run(parse(argc, argv));
    } catch (const std::exception &e) {
        fprintf(stderr, "virtual-usrp-box: %s\n", e.what());
        return 2;
    }
}
