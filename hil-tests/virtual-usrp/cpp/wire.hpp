// What host module and box say to each other over the UNIX stream socket: frames of one machine, so plain structs in its byte order.
#pragma once
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace wire {

constexpr size_t CHANNELS = 2;
// Samples of a frame of 8000 bytes: 16 bytes of header, 4 bytes a sample.
constexpr size_t MTU_SAMPLES = 1996;
constexpr uint32_t MAX_FRAME_BYTES = 4u << 20;

enum Kind : uint32_t {
    HELLO = 1,  // host: "open PID" or "probe"
    REQUEST,    // host: one line of text
    REPLY,      // box: "ok VALUE" or "error TEXT"
    TX,         // host: TxHead, then for each channel of the mask its samples as I, Q of 16 bit
    CREDIT,     // box: Credit
    STATUS,     // box: Status
    RX,         // box: RxHead, then the samples as in TX
    FAULTS,     // box: Faults
    FAULTS_ACK, // host: the number of the Faults it has taken
    RX_LOST,    // host: it did not read for 100 ms
};

enum Flag : uint32_t { TIMED = 1, END = 2, GAP = 4, LATE = 8 };
enum Code : int32_t { BURST_ACK = 0, UNDERFLOW = 1, TIME_ERROR = 2 };

struct Head {
    uint32_t kind, bytes;
};
struct TxHead {
    uint32_t mask, flags;
    int64_t time_ns;
    uint32_t samples, pad;
};
struct RxHead {
    uint32_t mask, flags;
    int64_t time_ns;
    uint32_t samples, pad;
    double rate_hz;
};
// A host may have sent `consumed + capacity` samples since the box began; `sent` says where a new host begins to count.
struct Credit {
    uint64_t capacity[CHANNELS], consumed[CHANNELS], sent[CHANNELS];
};
struct Status {
    uint32_t channel;
    int32_t code;
    int64_t time_ns;
};
// What goes wrong inside the host's driver: writes that hang, take at most so many samples (0: no bound), fail (-1: always). The
// driver counts `errors` down, so it takes them only where `errors_number` is new.
struct Faults {
    uint32_t number, hang, errors_number, pad;
    int64_t short_samples, errors;
};

inline bool send_all(int fd, const void *data, size_t bytes) {
    auto at = static_cast<const char *>(data);
    while (bytes > 0) {
        ssize_t n = ::send(fd, at, bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        bytes -= static_cast<size_t>(n);
    }
    return true;
}

inline bool receive_all(int fd, void *data, size_t bytes) {
    auto at = static_cast<char *>(data);
    while (bytes > 0) {
        ssize_t n = ::recv(fd, at, bytes, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        bytes -= static_cast<size_t>(n);
    }
    return true;
}

struct Frame {
    uint32_t kind = 0;
    std::vector<char> body;
    std::string text() const { return std::string(body.begin(), body.end()); }
    template <typename T> T as() const {
        if (body.size() < sizeof(T)) throw std::runtime_error("frame too short");
        T value;
        std::memcpy(&value, body.data(), sizeof(T));
        return value;
    }
};

inline bool receive(int fd, Frame &frame) {
    Head head;
    if (!receive_all(fd, &head, sizeof head) || head.bytes > MAX_FRAME_BYTES) return false;
    frame.kind = head.kind;
    frame.body.resize(head.bytes);
    return receive_all(fd, frame.body.data(), head.bytes);
}

inline std::vector<char> frame(Kind kind, const void *first, size_t bytes, const void *second = nullptr, size_t more = 0) {
    Head head{kind, static_cast<uint32_t>(bytes + more)};
    std::vector<char> out(sizeof head + bytes + more);
    std::memcpy(out.data(), &head, sizeof head);
    if (bytes) std::memcpy(out.data() + sizeof head, first, bytes);
    if (more) std::memcpy(out.data() + sizeof head + bytes, second, more);
    return out;
}
inline std::vector<char> frame(Kind kind, const std::string &text) { return frame(kind, text.data(), text.size()); }

inline sockaddr_un address(const std::string &path) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof to.sun_path)
        throw std::runtime_error("a socket's path has 1 to " + std::to_string(sizeof to.sun_path - 1) + " characters: " + path);
    std::memcpy(to.sun_path, path.data(), path.size());
    return to;
}

// A connected socket, or -1 where nobody answers.
inline int connect_to(const std::string &path) {
    sockaddr_un to = address(path);
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (::connect(fd, reinterpret_cast<sockaddr *>(&to), sizeof to) == 0) return fd;
    ::close(fd);
    return -1;
}

} // namespace wire
