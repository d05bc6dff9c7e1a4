// A host for tests: does with the real libSoapySDR what its standard input says, one line a command, one line an answer.
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Logger.hpp>
#include <cmath>
#include <complex>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

using Sample = std::complex<float>;

struct Host {
    SoapySDR::Device *device = nullptr;
    SoapySDR::Stream *tx = nullptr, *rx = nullptr;
    size_t rx_channels = 1;

    static std::vector<size_t> channels(const std::string &text) {
        if (text == "01") return {0, 1};
        return {size_t(std::stoul(text))};
    }
    static int direction(const std::string &text) { return text == "tx" ? SOAPY_SDR_TX : SOAPY_SDR_RX; }

    // "write SAMPLES AMPLITUDE FLAGS TIME_NS TIMEOUT_US", FLAGS of "t" (time) and "e" (end of burst), "-" for none
    int write(std::istringstream &in) {
        size_t samples;
        std::string amplitude_text, letters;
        long long time_ns;
        long timeout_us;
        in >> samples >> amplitude_text >> letters >> time_ns >> timeout_us;
        float amplitude = std::stof(amplitude_text);
        std::vector<Sample> buffer(samples, Sample(amplitude, 0));
        const void *buffers[] = {buffer.data(), buffer.data()};
        int flags = 0;
        if (letters.find('t') != std::string::npos) flags |= SOAPY_SDR_HAS_TIME;
        if (letters.find('e') != std::string::npos) flags |= SOAPY_SDR_END_BURST;
        return device->writeStream(tx, buffers, samples, flags, time_ns, timeout_us);
    }

    // "read SAMPLES TIMEOUT_US FILE": the first channel's samples go to FILE, a second one's to FILE.1
    std::string read(std::istringstream &in) {
        size_t samples;
        long timeout_us;
        std::string path;
        in >> samples >> timeout_us >> path;
        std::vector<Sample> first(samples), second(samples);
        std::ofstream file(path, std::ios::binary), other;
        if (rx_channels > 1) other.open(path + ".1", std::ios::binary);
        size_t done = 0;
        long long start_ns = 0, expected_ns = 0;
        int code = 0;
        while (done < samples) {
            void *buffers[] = {first.data(), second.data()};
            int flags = 0;
            long long time_ns = 0;
            code = device->readStream(rx, buffers, samples - done, flags, time_ns, timeout_us);
            if (code <= 0) break;
            if (done == 0) start_ns = time_ns;
            file.write(reinterpret_cast<char *>(first.data()), code * long(sizeof(Sample)));
            if (rx_channels > 1) other.write(reinterpret_cast<char *>(second.data()), code * long(sizeof(Sample)));
            done += size_t(code);
            expected_ns = time_ns;
        }
        std::ostringstream out;
        out << done << " " << start_ns << " " << code << " " << expected_ns;
        return out.str();
    }

    std::string command(const std::string &line) {
        std::istringstream in(line);
        std::ostringstream out;
        out.precision(17);
        std::string name, what, text;
        size_t channel;
        double value;
        long long time_ns;
        in >> name;
        if (name == "open") {
            in >> text;
            device = SoapySDR::Device::make(text);
            out << device->getHardwareKey();
        } else if (name == "close") {
            SoapySDR::Device::unmake(device);
            device = nullptr;
        } else if (name == "set") {
            in >> what >> text >> channel >> value;
            if (what == "gain") device->setGain(direction(text), channel, value);
            if (what == "frequency") device->setFrequency(direction(text), channel, value);
            if (what == "rate") device->setSampleRate(direction(text), channel, value);
        } else if (name == "get") {
            in >> what >> text >> channel;
            if (what == "gain") out << device->getGain(direction(text), channel);
            if (what == "frequency") out << device->getFrequency(direction(text), channel);
            if (what == "rate") out << device->getSampleRate(direction(text), channel);
        } else if (name == "antenna") {
            in >> what >> channel >> text;
            device->setAntenna(direction(what), channel, text);
        } else if (name == "time") {
            out << device->getHardwareTime();
        } else if (name == "settime") {
            in >> time_ns >> what;
            device->setHardwareTime(time_ns, what);
        } else if (name == "sensor") {
            in >> what;
            out << device->readSensor(what);
        } else if (name == "setting") {
            // "setting KEY" reads, "setting KEY VALUE" writes and reads
            in >> what;
            if (in >> text) device->writeSetting(what, text);
            out << device->readSetting(what);
        } else if (name == "gpio") {
            unsigned bits, mask;
            in >> bits >> mask;
            device->writeGPIODir("FP0", mask);
            device->writeGPIO("FP0", bits, mask);
            out << device->readGPIO("FP0");
        } else if (name == "txstream") {
            in >> text;
            tx = device->setupStream(SOAPY_SDR_TX, SOAPY_SDR_CF32, channels(text));
            out << device->activateStream(tx);
        } else if (name == "write16") {
            // a stream of its own with 16-bit integers: "write16 SAMPLES VALUE", one burst
            size_t samples;
            int number;
            in >> samples >> number;
            std::vector<std::complex<int16_t>> buffer(samples, std::complex<int16_t>(int16_t(number), 0));
            const void *buffers[] = {buffer.data()};
            auto stream = device->setupStream(SOAPY_SDR_TX, SOAPY_SDR_CS16, {1});
            int flags = SOAPY_SDR_END_BURST;
            out << device->writeStream(stream, buffers, samples, flags, 0, 1000000);
            device->closeStream(stream);
        } else if (name == "rxstream") {
            in >> text;
            rx = device->setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32, channels(text));
            rx_channels = channels(text).size();
        } else if (name == "activate") {
            in >> time_ns;
            out << device->activateStream(rx, time_ns ? SOAPY_SDR_HAS_TIME : 0, time_ns);
        } else if (name == "deactivate") {
            in >> text;
            out << device->deactivateStream(text == "tx" ? tx : rx);
        } else if (name == "closestream") {
            device->closeStream(tx);
        } else if (name == "write") {
            out << write(in);
        } else if (name == "read") {
            out << read(in);
        } else if (name == "status") {
            long timeout_us;
            in >> timeout_us;
            size_t mask = 0;
            int flags = 0, code = device->readStreamStatus(tx, mask, flags, time_ns = 0, timeout_us);
            out << code << " " << mask << " " << flags << " " << time_ns;
        } else {
            throw std::runtime_error("unknown command");
        }
        return out.str();
    }
};

int main() {
    SoapySDR::setLogLevel(SOAPY_SDR_FATAL);
    Host host;
    for (std::string line; std::getline(std::cin, line);) {
        std::string answer;
        try {
            answer = "ok " + host.command(line);
        } catch (const std::exception &e) {
            answer = std::string("error ") + e.what();
        }
        std::cout << answer << std::endl;
    }
    return 0;
}
