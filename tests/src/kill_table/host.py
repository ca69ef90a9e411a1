"""Producers and consumers over queues of Python, for the table of random kills. See board.rs for the words.

host.py CONTESTANT BOARD MAXSIZE: starts two of each, prints their process ids, and ends them when its input ends.
"""
import mmap
import multiprocessing
import os
import queue
import struct
import sys
import time

STOP, PUT, GOT, DONE, READY, GO, LOGS, PAIR, MOST = 0, 1, 3, 5, 7, 11, 512, 2, 1 << 22
LOG = PAIR * MOST
context = multiprocessing.get_context("fork")


class Pipe:
    """A pipe without any lock: writes and reads of 64 bytes are whole."""

    def __init__(self):
        self.reader, self.writer = os.pipe()

    def put(self, message):
        os.write(self.writer, message)

    def get(self):
        return os.read(self.reader, 64)


class Patient:
    """faster-fifo has no call that waits for ever."""

    def __init__(self, inner):
        self.inner = inner

    def put(self, message):
        while True:
            try:
                return self.inner.put(message, timeout=3600.0)
            except queue.Full:
                pass

    def get(self):
        while True:
            try:
                return self.inner.get(timeout=3600.0)
            except queue.Empty:
                pass


def make(contestant, maxsize):
    if contestant == "multiprocessing.Queue":
        return context.Queue(maxsize)
    if contestant == "multiprocessing.SimpleQueue":
        return context.SimpleQueue()
    if contestant == "pipe":
        return Pipe()
    import faster_fifo
    return Patient(faster_fifo.Queue(max_size_bytes=128 * maxsize))


def begin(board, worker):
    board[READY + worker] = 1
    while not board[GO]:
        time.sleep(0.0001)


def produce(board, queue, producer):
    begin(board, producer)
    for number in range(MOST):
        if board[STOP]:
            break
        queue.put(struct.pack("<Q", producer << 32 | number) * 8)
        board[PUT + producer] = number + 1
    if hasattr(queue, "join_thread"):
        queue.close()
        queue.join_thread()
    board[DONE + producer] = 1


def consume(board, queue, consumer):
    begin(board, PAIR + consumer)
    count = 0
    while True:
        board[LOGS + consumer * LOG + count] = struct.unpack("<Q", queue.get()[:8])[0]
        count += 1
        board[GOT + consumer] = count


def main():
    contestant, path, maxsize = sys.argv[1], sys.argv[2], int(sys.argv[3])
    try:
        queue = make(contestant, maxsize)
    except ImportError as error:
        print("missing:", error, flush=True)
        return
    with open(path, "r+b") as file:
        board = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    jobs = [(work, number) for work in (produce, consume) for number in range(PAIR)]
    workers = [context.Process(target=work, args=(board, queue, number)) for work, number in jobs]
    for worker in workers:
        worker.start()
    print(*(worker.pid for worker in workers), flush=True)
    sys.stdin.read()
    for worker in workers:
        worker.kill()
        worker.join()
    os._exit(0)


main()
