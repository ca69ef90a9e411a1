// boost's message queue, as a few functions of C.
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/version.hpp>

using boost::interprocess::message_queue;

extern "C" {

const char* rw_boost_version() { return BOOST_LIB_VERSION; }

message_queue* rw_boost_create(const char* name, size_t messages, size_t size) try {
    return new message_queue(boost::interprocess::create_only, name, messages, size);
} catch (...) {
    return nullptr;
}

message_queue* rw_boost_open(const char* name) try {
    return new message_queue(boost::interprocess::open_only, name);
} catch (...) {
    return nullptr;
}

void rw_boost_close(message_queue* queue) { delete queue; }

void rw_boost_remove(const char* name) { message_queue::remove(name); }

bool rw_boost_send(message_queue* queue, const void* bytes, size_t size) try {
    queue->send(bytes, size, 0);
    return true;
} catch (...) {
    return false;
}

bool rw_boost_receive(message_queue* queue, void* bytes, size_t size) try {
    size_t got;
    unsigned priority;
    queue->receive(bytes, size, got, priority);
    return got == size;
} catch (...) {
    return false;
}

}
