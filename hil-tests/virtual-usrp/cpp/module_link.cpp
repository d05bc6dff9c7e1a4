#include "module_link.hpp"

constexpr size_t MAX_STATUSES = 1000;

Deadline deadline_after_us(long timeout_us) {
    return std::chrono::steady_clock::now() + std::chrono::microseconds(timeout_us > 0 ? timeout_us : 0);
}

bool Link::probe(const std::string &path, std::string &serial) {
    int fd = wire::connect_to(path);
    if (fd < 0) return false;
    auto hello = wire::frame(wire::HELLO, "probe");
    wire::Frame answer;
    bool good = wire::send_all(fd, hello.data(), hello.size()) && wire::receive(fd, answer) && answer.text().rfind("ok ", 0) == 0;
    ::close(fd);
    if (good) serial = answer.text().substr(3);
    return good;
}

Link::Link(const std::string &path) {
    fd_ = wire::connect_to(path);
    if (fd_ < 0) throw std::runtime_error("virtual_usrp: no box answers at " + path + " (start virtual-usrp-box --socket " + path + ")");
    try {
        send(wire::frame(wire::HELLO, "open " + std::to_string(::getpid())));
        wire::Frame frame;
        do {
            if (!wire::receive(fd_, frame)) throw std::runtime_error("virtual_usrp: the box at " + path + " refused the link");
            take(frame);
        } while (replies_.empty());
        std::string answer = replies_.front();
        replies_.clear();
        if (answer.rfind("ok ", 0) != 0)
            throw std::runtime_error("virtual_usrp: " + answer.substr(answer.find(' ') + 1) + ": another process holds the radio at " + path);
        serial_ = answer.substr(3);
    } catch (...) {
        ::close(fd_);
        throw;
    }
    for (size_t c = 0; c < wire::CHANNELS; c++) sent_[c] = credit_.sent[c];
    reader_ = std::thread([this] { read(); });
}

Link::~Link() {
    ::shutdown(fd_, SHUT_RDWR);
    if (reader_.joinable()) reader_.join();
    ::close(fd_);
}

bool Link::send(const std::vector<char> &frame) {
    std::lock_guard<std::mutex> hold(send_lock_);
    return wire::send_all(fd_, frame.data(), frame.size());
}

void Link::read() {
    wire::Frame frame;
    while (wire::receive(fd_, frame) && take(frame)) {}
    std::lock_guard<std::mutex> hold(lock);
    lost_ = true;
    arrived.notify_all();
}

bool Link::take(const wire::Frame &frame) {
    std::unique_lock<std::mutex> hold(lock);
    if (frame.kind == wire::REPLY) {
        replies_.push_back(frame.text());
    } else if (frame.kind == wire::CREDIT) {
        credit_ = frame.as<wire::Credit>();
    } else if (frame.kind == wire::STATUS) {
        if (statuses_.size() == MAX_STATUSES) statuses_.pop_front();
        statuses_.push_back(frame.as<wire::Status>());
    } else if (frame.kind == wire::RX) {
        take_packet(frame);
    } else if (frame.kind == wire::FAULTS) {
        auto faults = frame.as<wire::Faults>();
        if (faults.errors_number == faults_.errors_number) faults.errors = faults_.errors;
        faults_ = faults;
        arrived.notify_all();
        hold.unlock();
        return send(wire::frame(wire::FAULTS_ACK, &faults_.number, sizeof faults_.number));
    } else {
        return false;
    }
    arrived.notify_all();
    return true;
}

void Link::take_packet(const wire::Frame &frame) {
    Received packet;
    packet.head = frame.as<wire::RxHead>();
    auto stream = receiving.find(packet.head.mask);
    if (stream == receiving.end()) return;
    ReceiveQueue &queue = stream->second;
    if (packet.head.flags & wire::GAP) queue.gap = true;
    if (queue.losing && queue.packets.empty()) queue.losing = false;
    if (queue.losing) return;
    if (queue.samples + packet.head.samples > queue.capacity) {
        queue.losing = queue.gap = true;
        send(wire::frame(wire::RX_LOST, &packet.head.mask, sizeof packet.head.mask));
        return;
    }
    if (queue.gap) packet.head.flags |= wire::GAP;
    queue.gap = false;
    queue.samples += packet.head.samples;
    packet.iq.resize((frame.body.size() - sizeof packet.head) / sizeof(int16_t));
    std::memcpy(packet.iq.data(), frame.body.data() + sizeof packet.head, packet.iq.size() * sizeof(int16_t));
    queue.packets.push_back(std::move(packet));
}

std::string Link::request(const std::string &line) {
    std::lock_guard<std::mutex> one(request_lock_);
    bool sent = send(wire::frame(wire::REQUEST, line));
    std::unique_lock<std::mutex> hold(lock);
    if (sent) arrived.wait(hold, [&] { return lost_ || !replies_.empty(); });
    if (replies_.empty()) throw std::runtime_error("virtual_usrp: the link to the radio is lost (" + line + ")");
    std::string answer = replies_.front();
    replies_.pop_front();
    if (answer.rfind("ok", 0) == 0) return answer.size() > 3 ? answer.substr(3) : "";
    throw std::runtime_error("virtual_usrp: " + answer.substr(answer.find(' ') + 1));
}

size_t Link::reserve(uint32_t mask, size_t wanted, Deadline deadline) {
    std::unique_lock<std::mutex> hold(lock);
    size_t room = 0;
    arrived.wait_until(hold, deadline, [&] {
        room = wanted;
        for (size_t c = 0; c < wire::CHANNELS; c++) {
            if (!(mask >> c & 1)) continue;
            uint64_t used = sent_[c] - credit_.consumed[c];
            room = std::min<size_t>(room, used < credit_.capacity[c] ? credit_.capacity[c] - used : 0);
        }
        return lost_ || room >= std::min(wanted, wire::MTU_SAMPLES);
    });
    if (lost_ || room < std::min(wanted, wire::MTU_SAMPLES)) return 0;
    for (size_t c = 0; c < wire::CHANNELS; c++)
        if (mask >> c & 1) sent_[c] += room;
    return room;
}

bool Link::send_samples(const wire::TxHead &head, const std::vector<int16_t> &iq) {
    wire::Head outer{wire::TX, uint32_t(sizeof head + iq.size() * sizeof(int16_t))};
    std::lock_guard<std::mutex> hold(send_lock_);
    return wire::send_all(fd_, &outer, sizeof outer) && wire::send_all(fd_, &head, sizeof head) &&
           wire::send_all(fd_, iq.data(), iq.size() * sizeof(int16_t));
}

bool Link::pass_faults(size_t &samples) {
    std::unique_lock<std::mutex> hold(lock);
    // As send() of UHD does now and then: no timeout ends this.
    arrived.wait(hold, [&] { return lost_ || faults_.hang == 0; });
    if (lost_) return false;
    if (faults_.errors != 0) {
        if (faults_.errors > 0) faults_.errors--;
        return false;
    }
    if (faults_.short_samples > 0) samples = std::min(samples, size_t(faults_.short_samples));
    return true;
}

bool Link::status(uint32_t mask, wire::Status &status, Deadline deadline) {
    std::unique_lock<std::mutex> hold(lock);
    bool found = false;
    arrived.wait_until(hold, deadline, [&] {
        for (auto at = statuses_.begin(); at != statuses_.end(); ++at) {
            if (!(mask >> at->channel & 1)) continue;
            status = *at;
            statuses_.erase(at);
            return found = true;
        }
        return lost_;
    });
    return found;
}

bool Link::lost() {
    std::lock_guard<std::mutex> hold(lock);
    return lost_;
}
