// The box's end of the link to the one host that may hold the device.
#pragma once
#include "radio.hpp"
#include <atomic>
#include <memory>

class HostLink : public Listener {
  public:
    explicit HostLink(int fd) : fd_(fd) {}
    ~HostLink() override;
    void send(std::vector<char> frame);
    void close();
    // Sends what waits until the link is closed.
    void deliver();

    void credit(const wire::Credit &) override;
    void status(const wire::Status &) override;
    bool received(const wire::RxHead &, const std::vector<int16_t> &iq) override;

    const int fd_;

  private:
    std::mutex lock_;
    std::condition_variable wake_;
    std::deque<std::vector<char>> queue_;
    size_t queued_bytes_ = 0;
    bool closed_ = false;
};

// Who holds the device, and what is wrong with the link.
class Hosts {
  public:
    Hosts(Radio &radio, Record &record, std::string serial) : radio_(radio), record_(record), serial_(std::move(serial)) {}
    void serve(int fd); // one connection, until it ends
    void vanish(bool gone);
    // Tells the host's driver what goes wrong in it and waits until it has taken it.
    void faults(const std::function<void(wire::Faults &)> &change);

  private:
    void session(std::shared_ptr<HostLink> link, const std::string &pid);
    void state(const char *name) { record_.event(monotonic_ns(), "state", std::string("\"link\":\"") + name + "\""); }

    Radio &radio_;
    Record &record_;
    std::string serial_;
    std::mutex lock_;
    std::condition_variable taken_;
    std::shared_ptr<HostLink> holder_;
    bool vanished_ = false;
    wire::Faults faults_{};
    uint32_t acknowledged_ = 0;
};

// Tries to get this thread in front of the others; without the right to, all goes on as it is.
void in_front();
