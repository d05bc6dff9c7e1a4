#include "receive.hpp"
#include <random>

constexpr size_t NOISE_SAMPLES = 1 << 18;

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static std::complex<float> turn(double cycles) {
    cycles -= std::floor(cycles);
    return std::complex<float>(std::polar(1.0, 2 * M_PI * cycles));
}

Antenna::Antenna(double noise_dbfs, uint64_t seed) : noise_(NOISE_SAMPLES), seed_(seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<float> normal(0, float(std::pow(10, noise_dbfs / 20) / std::sqrt(2.0)));
    for (auto &sample : noise_) sample = {normal(generator), normal(generator)};
}

// Adds `gain * samples` turned by `offset_hz`, in steps of a phasor that is set right every 256 samples.
template <typename Sample>
static void add_turned(std::vector<std::complex<float>> &out, int64_t start, double rate, double offset_hz, std::complex<float> gain, Sample sample) {
    std::complex<float> step = turn(offset_hz / rate), phasor = gain;
    for (size_t i = 0; i < out.size(); i++) {
        if (offset_hz != 0) {
            if (i % 256 == 0) {
                double turns = double(std::fmod((long double)(start + int64_t(i)) * offset_hz / rate, 1.0L));
                phasor = gain * turn(turns);
            } else {
                phasor *= step;
            }
        }
        out[i] += phasor * sample(i);
    }
}

void Antenna::hear(std::vector<std::complex<float>> &out, size_t channel, int64_t start, const ChannelSettings &settings, const Outside &outside) const {
    double rate = settings.rate_hz;
    size_t from = mix(seed_ ^ mix(uint64_t(start) * 2 + channel)) % NOISE_SAMPLES;
    for (size_t i = 0; i < out.size(); i++) out[i] = noise_[(from + i) % NOISE_SAMPLES];
    if (settings.antenna == "CAL") return;
    float gain = float(std::pow(10, settings.gain_db / 20));
    for (const Tone &tone : outside.tones) {
        double offset = std::fabs(tone.frequency_hz) < MIN_FREQUENCY_HZ ? tone.frequency_hz : tone.frequency_hz - settings.frequency_hz();
        if (std::fabs(offset) > rate / 2) continue;
        add_turned(out, start, rate, offset, gain * float(tone.amplitude), [](size_t) { return std::complex<float>(1); });
    }
    if (!outside.repeated.empty()) {
        size_t length = outside.repeated.size(), at = size_t(start) % length;
        for (auto &sample : out) {
            sample += gain * outside.repeated[at];
            if (++at == length) at = 0;
        }
    }
}

void Antenna::hear(std::vector<std::complex<float>> &out, int64_t start, const ChannelSettings &settings, const std::deque<Segment> &air,
                   const Path &path) {
    if (settings.antenna == "CAL" || !path.is_there) return;
    double rate = settings.rate_hz;
    int64_t stop = start + int64_t(out.size());
    for (const Segment &segment : air) {
        double offset = segment.frequency_hz - settings.frequency_hz();
        if (!segment.at_connector || std::fabs(offset) > (segment.rate_hz + rate) / 2) continue;
        float level = float(std::pow(10, (segment.gain_db + settings.gain_db + path.db) / 20) / 32767);
        double ratio = segment.rate_hz / rate;
        auto index_of = [&](int64_t at) {
            return ratio == 1 ? at - path.delay_samples : int64_t(std::floor(double(at) * ratio)) - path.delay_samples;
        };
        if (index_of(stop) < segment.start || index_of(start) >= segment.stop()) continue;
        // a sample goes up with one oscillator and comes down with another
        double deg = path.deg + segment.lo_deg - settings.lo_deg;
        std::complex<float> gain = deg == 0 ? std::complex<float>(level) : level * turn(deg / 360);
        add_turned(out, start, rate, offset, gain, [&](size_t i) -> std::complex<float> {
            int64_t k = index_of(start + int64_t(i)) - segment.start;
            if (k < 0 || k >= segment.stop() - segment.start) return 0;
            return {float(segment.iq[2 * k]), float(segment.iq[2 * k + 1])};
        });
    }
}
