#include "host.hpp"
#include <pthread.h>
#include <sched.h>
#include <thread>

constexpr size_t QUEUE_BYTES = 32u << 20;

void in_front() {
    sched_param how{};
    how.sched_priority = 1;
    pthread_setschedparam(pthread_self(), SCHED_RR, &how);
}

HostLink::~HostLink() { ::close(fd_); }

void HostLink::send(std::vector<char> frame) {
    std::lock_guard<std::mutex> hold(lock_);
    if (closed_) return;
    queued_bytes_ += frame.size();
    queue_.push_back(std::move(frame));
    wake_.notify_all();
}

void HostLink::close() {
    std::lock_guard<std::mutex> hold(lock_);
    closed_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    wake_.notify_all();
}

void HostLink::deliver() {
    for (;;) {
        std::vector<char> frame;
        {
            std::unique_lock<std::mutex> hold(lock_);
            wake_.wait(hold, [&] { return closed_ || !queue_.empty(); });
            if (closed_) return;
            frame = std::move(queue_.front());
            queue_.pop_front();
            queued_bytes_ -= frame.size();
        }
        if (!wire::send_all(fd_, frame.data(), frame.size())) return;
    }
}

void HostLink::credit(const wire::Credit &credit) { send(wire::frame(wire::CREDIT, &credit, sizeof credit)); }
void HostLink::status(const wire::Status &status) { send(wire::frame(wire::STATUS, &status, sizeof status)); }

bool HostLink::received(const wire::RxHead &head, const std::vector<int16_t> &iq) {
    {
        std::lock_guard<std::mutex> hold(lock_);
        if (queued_bytes_ > QUEUE_BYTES) return false;
    }
    send(wire::frame(wire::RX, &head, sizeof head, iq.data(), iq.size() * sizeof(int16_t)));
    return true;
}

void Hosts::serve(int fd) {
    auto link = std::make_shared<HostLink>(fd);
    wire::Frame hello;
    {
        std::lock_guard<std::mutex> hold(lock_);
        if (vanished_) return;
    }
    if (!wire::receive(fd, hello) || hello.kind != wire::HELLO) return;
    std::string text = hello.text();
    auto answer = [&](const std::string &line) {
        auto bytes = wire::frame(wire::REPLY, line);
        wire::send_all(fd, bytes.data(), bytes.size());
    };
    if (text == "probe") return answer("ok " + serial_);
    {
        std::unique_lock<std::mutex> hold(lock_);
        if (vanished_) return;
        // The last host may be gone without the box having read to its end.
        auto patience = std::chrono::milliseconds(holder_ ? 200 : 0);
        taken_.wait_for(hold, patience, [&] { return !holder_; });
        if (holder_) {
            hold.unlock();
            return answer("error device in use");
        }
        holder_ = link;
    }
    session(link, text.substr(text.find(' ') + 1));
}

void Hosts::session(std::shared_ptr<HostLink> link, const std::string &pid) {
    record_.event(monotonic_ns(), "open", "\"pid\":" + std::to_string(atoll(pid.c_str())));
    state("open");
    radio_.attach(link.get());
    wire::Credit credit = radio_.credit();
    {
        std::lock_guard<std::mutex> hold(lock_);
        link->send(wire::frame(wire::FAULTS, &faults_, sizeof faults_));
    }
    link->credit(credit);
    link->send(wire::frame(wire::REPLY, "ok " + serial_));
    std::thread sender([link] {
        in_front();
        link->deliver();
    });
    in_front();
    wire::Frame frame;
    while (wire::receive(link->fd_, frame)) {
        if (frame.kind == wire::REQUEST) {
            link->send(wire::frame(wire::REPLY, radio_.request(frame.text())));
        } else if (frame.kind == wire::TX && frame.body.size() >= sizeof(wire::TxHead)) {
            auto head = frame.as<wire::TxHead>();
            size_t channels = (head.mask & 1) + (head.mask >> 1 & 1);
            if (frame.body.size() != sizeof head + channels * head.samples * 4) break;
            radio_.push(head, reinterpret_cast<const int16_t *>(frame.body.data() + sizeof head));
        } else if (frame.kind == wire::FAULTS_ACK && frame.body.size() == 4) {
            std::lock_guard<std::mutex> hold(lock_);
            acknowledged_ = frame.as<uint32_t>();
            taken_.notify_all();
        } else if (frame.kind == wire::RX_LOST && frame.body.size() == 4) {
            record_.event(monotonic_ns(), "overflow", "\"channels\":" + std::to_string(frame.as<uint32_t>()));
            record_.flush();
        } else {
            break;
        }
    }
    radio_.detach(link.get());
    link->close();
    sender.join();
    {
        std::lock_guard<std::mutex> hold(lock_);
        holder_.reset();
        record_.event(monotonic_ns(), "close", "\"pid\":" + std::to_string(atoll(pid.c_str())));
        state(vanished_ ? "vanished" : "free");
        taken_.notify_all();
    }
    record_.flush();
}

void Hosts::vanish(bool gone) {
    std::unique_lock<std::mutex> hold(lock_);
    if (gone == vanished_) return;
    vanished_ = gone;
    if (holder_) holder_->close();
    else state(gone ? "vanished" : "free");
    taken_.wait_for(hold, std::chrono::seconds(1), [&] { return !holder_; });
}

void Hosts::faults(const std::function<void(wire::Faults &)> &change) {
    std::unique_lock<std::mutex> hold(lock_);
    change(faults_);
    uint32_t number = ++faults_.number;
    if (!holder_) return;
    holder_->send(wire::frame(wire::FAULTS, &faults_, sizeof faults_));
    taken_.wait_for(hold, std::chrono::seconds(1), [&] { return !holder_ || acknowledged_ >= number; });
}
