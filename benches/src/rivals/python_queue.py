"""Carries messages through a queue of Python, and prints seconds, messages, their sum and whether they were in order."""
import multiprocessing
import os
import struct
import sys
import time

END = (1 << 64) - 1
MASK = END


def message(number, words):
    return struct.pack(f"<{words}Q", *(((number + index) & MASK) for index in range(words)))


def pin(index):
    os.sched_setaffinity(0, {index % os.cpu_count()})


def send(queue, ready, go, index, first, end, words):
    pin(index)
    ready.release()
    go.wait()
    for number in range(first, end):
        queue.put(message(number, words))


def receive(queue, ready, go, index, words, results):
    pin(index + 1)
    ready.release()
    go.wait()
    count = total = 0
    last, in_order = -1, True
    while True:
        numbers = struct.unpack(f"<{words}Q", queue.get())
        if numbers[0] == END:
            break
        count += 1
        total = (total + sum(numbers)) & MASK
        in_order, last = in_order and numbers[0] > last, numbers[0]
    results.put((count, total, in_order, time.monotonic()))


def make(kind, size, capacity):
    if kind == "faster_fifo":
        import faster_fifo
        return faster_fifo.Queue(max_size_bytes=capacity * (size + 64))
    return multiprocessing.Queue(capacity)


def main():
    kind, what = sys.argv[1:3]
    if what == "version":
        if kind == "faster_fifo":
            import importlib.metadata
            import faster_fifo  # noqa: F401: fails if it is not there
            print(importlib.metadata.version("faster-fifo"))
        else:
            print("Python", sys.version.split()[0])
        return
    senders, receivers, size, capacity, messages = map(int, sys.argv[3:])
    context = multiprocessing.get_context("fork")
    queue, results = make(kind, size, capacity), context.SimpleQueue()
    ready, go, words = context.Semaphore(0), context.Event(), size // 8
    receiving = [
        context.Process(target=receive, args=(queue, ready, go, index, words, results)) for index in range(receivers)
    ]
    sending = []
    for index in range(senders):
        first, end = messages * index // senders, messages * (index + 1) // senders
        sending.append(context.Process(target=send, args=(queue, ready, go, index, first, end, words)))
    workers = receiving + sending
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    go.set()
    for worker in sending:
        worker.join()  # and with it the thread that feeds the pipe
    for _ in range(receivers):
        queue.put(message(END, words))
    got = [results.get() for _ in range(receivers)]
    for worker in receiving:
        worker.join()
    count, total = sum(each[0] for each in got), sum(each[1] for each in got) & MASK
    in_order = senders > 1 or all(each[2] for each in got)
    print(max(each[3] for each in got) - begin, count, total, int(in_order))


main()
