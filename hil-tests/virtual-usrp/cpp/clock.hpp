// The sample clock. Instants are ns since the box began ("box ns"); the device's time is that plus an offset that the host sets.
#pragma once
#include <cmath>
#include <cstdint>
#include <ctime>

inline int64_t monotonic_ns() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

struct Clock {
    int64_t start_ns = monotonic_ns();
    int64_t offset_ns = 0;
    int64_t now() const { return monotonic_ns() - start_ns; }
    int64_t monotonic(int64_t box_ns) const { return start_ns + box_ns; }
    int64_t device(int64_t box_ns) const { return box_ns + offset_ns; }
    int64_t from_device(int64_t device_ns) const { return device_ns - offset_ns; }
};

// Samples of every rate lie on a grid from the box's beginning on, so that a path between two of the same rate has a constant delay.
inline int64_t nearest_index(int64_t box_ns, double rate_hz) { return llroundl((long double)box_ns * rate_hz / 1e9L); }
inline int64_t index_after(int64_t box_ns, double rate_hz) { return (int64_t)ceill((long double)box_ns * rate_hz / 1e9L); }
inline int64_t box_ns_of(int64_t index, double rate_hz) { return llroundl((long double)index * 1e9L / rate_hz); }
