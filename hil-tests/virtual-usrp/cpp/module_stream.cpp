// Streams, as SoapyUHD shows those of UHD.
#include "module_device.hpp"
#include <algorithm>
#include <cmath>

// Samples of one frame to the box.
constexpr size_t CHUNK_SAMPLES = 16 * wire::MTU_SAMPLES;

static VirtualStream *of(SoapySDR::Stream *stream) { return reinterpret_cast<VirtualStream *>(stream); }

// As UHD's converters: full scale is 32767, beyond it clips; a NaN becomes the smallest integer.
static int16_t quantise(float value) {
    if (std::isnan(value)) return -32768;
    return int16_t(std::lrint(std::clamp(value * 32767.0f, -32767.0f, 32767.0f)));
}

std::string VirtualUsrp::getNativeStreamFormat(const int, const size_t, double &full_scale) const {
    full_scale = 32767;
    return SOAPY_SDR_CS16;
}

SoapySDR::Stream *VirtualUsrp::setupStream(const int direction, const std::string &format, const std::vector<size_t> &channels,
                                           const SoapySDR::Kwargs &) {
    if (format != SOAPY_SDR_CF32 && format != SOAPY_SDR_CS16)
        throw std::runtime_error("virtual_usrp: no stream format " + format + " (CF32, CS16)");
    std::unique_ptr<VirtualStream> stream(new VirtualStream{direction, format == SOAPY_SDR_CF32, channels, 0, {}});
    if (stream->channels.empty()) stream->channels = {0};
    for (size_t channel : stream->channels) {
        if (channel >= wire::CHANNELS || stream->mask >> channel & 1)
            throw std::runtime_error("virtual_usrp: a stream has the channels 0, 1 or both, each once");
        stream->mask |= 1u << channel;
    }
    if (link_->lost()) throw std::runtime_error("virtual_usrp: the link to the radio is lost");
    return reinterpret_cast<SoapySDR::Stream *>(stream.release());
}

void VirtualUsrp::closeStream(SoapySDR::Stream *handle) {
    std::unique_ptr<VirtualStream> stream(of(handle));
    // What a transmit stream has queued stays queued.
    if (stream->direction == SOAPY_SDR_RX && !link_->lost()) deactivateStream(handle, 0, 0);
}

int VirtualUsrp::activateStream(SoapySDR::Stream *handle, const int flags, const long long time_ns, const size_t samples) {
    VirtualStream *stream = of(handle);
    if (stream->direction == SOAPY_SDR_TX) return 0;
    bool timed = flags & SOAPY_SDR_HAS_TIME;
    if (!timed && stream->channels.size() > 1)
        throw std::runtime_error("Invalid recv stream command - stream now on multiple channels in a single streamer will fail to time align.");
    double rate = getSampleRate(SOAPY_SDR_RX, stream->channels[0]);
    ask("receive stop " + std::to_string(stream->mask));
    {
        std::lock_guard<std::mutex> hold(link_->lock);
        ReceiveQueue queue;
        queue.capacity = std::max(size_t(rate / 10), 2 * wire::MTU_SAMPLES);
        link_->receiving[stream->mask] = std::move(queue);
    }
    ask("receive start " + std::to_string(stream->mask) + (timed ? " 1 " : " 0 ") + std::to_string(time_ns) + " " + std::to_string(samples));
    return 0;
}

int VirtualUsrp::deactivateStream(SoapySDR::Stream *handle, const int, const long long) {
    VirtualStream *stream = of(handle);
    if (stream->direction == SOAPY_SDR_TX) return 0;
    ask("receive stop " + std::to_string(stream->mask));
    return 0;
}

int VirtualUsrp::writeStream(SoapySDR::Stream *handle, const void *const *buffers, const size_t samples, int &flags,
                             const long long time_ns, const long timeout_us) {
    VirtualStream *stream = of(handle);
    if (stream->direction != SOAPY_SDR_TX) return SOAPY_SDR_NOT_SUPPORTED;
    bool timed = flags & SOAPY_SDR_HAS_TIME, end = flags & SOAPY_SDR_END_BURST;
    flags = 0;
    Deadline deadline = deadline_after_us(timeout_us);
    // UHD sends an end of burst without samples as one zero and returns 0, which SoapyUHD calls a timeout.
    bool empty = samples == 0;
    size_t wanted = empty ? 1 : samples;
    if (!link_->pass_faults(wanted)) return SOAPY_SDR_STREAM_ERROR;
    size_t done = 0;
    while (done < wanted) {
        size_t count = link_->reserve(stream->mask, std::min(wanted - done, CHUNK_SAMPLES), deadline);
        if (count == 0) break;
        bool last = empty || done + count == samples;
        wire::TxHead head{stream->mask, 0, time_ns, uint32_t(count), 0};
        if (timed && done == 0) head.flags |= wire::TIMED;
        if (end && last) head.flags |= wire::END;
        stream->iq.resize(2 * count * stream->channels.size());
        if (empty) std::fill(stream->iq.begin(), stream->iq.end(), int16_t(0));
        size_t at = 0;
        // In the order of the mask's bits
        for (size_t channel = 0; channel < wire::CHANNELS && !empty; channel++) {
            auto place = std::find(stream->channels.begin(), stream->channels.end(), channel);
            if (place == stream->channels.end()) continue;
            const void *buffer = buffers[place - stream->channels.begin()];
            int16_t *to = stream->iq.data() + 2 * count * at++;
            if (stream->floats) {
                const float *from = static_cast<const float *>(buffer) + 2 * done;
                for (size_t i = 0; i < 2 * count; i++) to[i] = quantise(from[i]);
            } else {
                std::memcpy(to, static_cast<const int16_t *>(buffer) + 2 * done, 4 * count);
            }
        }
        if (!link_->send_samples(head, stream->iq)) return SOAPY_SDR_STREAM_ERROR;
        done += count;
    }
    if (done == 0 && link_->lost()) return SOAPY_SDR_STREAM_ERROR;
    if (done == 0 || empty) return SOAPY_SDR_TIMEOUT;
    return int(done);
}

int VirtualUsrp::readStreamStatus(SoapySDR::Stream *handle, size_t &channels, int &flags, long long &time_ns, const long timeout_us) {
    VirtualStream *stream = of(handle);
    if (stream->direction != SOAPY_SDR_TX) return SOAPY_SDR_NOT_SUPPORTED;
    wire::Status status{};
    if (!link_->status(stream->mask, status, deadline_after_us(timeout_us))) return link_->lost() ? SOAPY_SDR_STREAM_ERROR : SOAPY_SDR_TIMEOUT;
    auto place = std::find(stream->channels.begin(), stream->channels.end(), size_t(status.channel));
    channels = size_t(1) << (place - stream->channels.begin());
    flags = SOAPY_SDR_HAS_TIME;
    time_ns = status.time_ns;
    if (status.code == wire::UNDERFLOW) return SOAPY_SDR_UNDERFLOW;
    if (status.code == wire::TIME_ERROR) return SOAPY_SDR_TIME_ERROR;
    flags |= SOAPY_SDR_END_BURST;
    return 0;
}

int VirtualUsrp::readStream(SoapySDR::Stream *handle, void *const *buffers, const size_t samples, int &flags, long long &time_ns,
                            const long timeout_us) {
    VirtualStream *stream = of(handle);
    if (stream->direction != SOAPY_SDR_RX) return SOAPY_SDR_NOT_SUPPORTED;
    bool one_packet = flags & SOAPY_SDR_ONE_PACKET;
    flags = 0;
    Deadline deadline = deadline_after_us(timeout_us);
    size_t done = 0;
    std::unique_lock<std::mutex> hold(link_->lock);
    while (done < samples) {
        auto found = link_->receiving.find(stream->mask);
        bool any = found != link_->receiving.end() && !found->second.packets.empty();
        if (!any) {
            // A lost link shows once everything that came before is read.
            if (link_->lost_locked() || link_->arrived.wait_until(hold, deadline) == std::cv_status::timeout) break;
            continue;
        }
        ReceiveQueue &queue = found->second;
        Received &packet = queue.packets.front();
        if (packet.head.flags & wire::GAP && packet.taken == 0) {
            if (done > 0) break;
            packet.head.flags &= ~uint32_t(wire::GAP);
            return SOAPY_SDR_OVERFLOW;
        }
        if (packet.head.flags & wire::LATE) {
            if (done > 0) break;
            queue.packets.pop_front();
            return SOAPY_SDR_STREAM_ERROR;
        }
        size_t left = packet.head.samples - packet.taken, count = std::min(left, samples - done), index = 0;
        if (done == 0) {
            flags |= SOAPY_SDR_HAS_TIME;
            time_ns = packet.head.time_ns + llroundl((long double)packet.taken * 1e9L / packet.head.rate_hz);
        }
        for (size_t channel = 0; channel < wire::CHANNELS; channel++) {
            auto place = std::find(stream->channels.begin(), stream->channels.end(), channel);
            if (place == stream->channels.end()) continue;
            const int16_t *from = packet.iq.data() + 2 * (packet.head.samples * index++ + packet.taken);
            void *to = buffers[place - stream->channels.begin()];
            for (size_t i = 0; i < 2 * count; i++) {
                if (stream->floats) static_cast<float *>(to)[2 * done + i] = float(from[i]) / 32767.0f;
                else static_cast<int16_t *>(to)[2 * done + i] = from[i];
            }
        }
        done += count;
        packet.taken += count;
        queue.samples -= count;
        if (packet.taken < packet.head.samples) {
            flags |= SOAPY_SDR_MORE_FRAGMENTS;
            break;
        }
        bool end = packet.head.flags & wire::END;
        queue.packets.pop_front();
        if (end) flags |= SOAPY_SDR_END_BURST;
        if (end || one_packet) break;
    }
    if (done > 0) return int(done);
    return link_->lost_locked() ? SOAPY_SDR_STREAM_ERROR : SOAPY_SDR_TIMEOUT;
}
