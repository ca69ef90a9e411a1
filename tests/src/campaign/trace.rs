//! A stepped worker that runs on to an instruction or a system call of a kind.

use core::mem::offset_of;
use std::io;

use libc::user_regs_struct;

use super::stepper::{Stepper, Stop};

impl Stepper {
    /// Moves the worker on, by one instruction at least, until its next one is a compare-and-swap.
    ///
    /// Returns [`Stop::Step`] there, and another stop if the worker comes to that first.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn to_compare_and_swap(&mut self) -> io::Result<Stop> {
        loop {
            match self.step()? {
                Stop::Step if !self.is_at_compare_and_swap()? => {}
                stop => return Ok(stop),
            }
        }
    }

    /// Whether the next instruction is a compare-and-swap.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn is_at_compare_and_swap(&self) -> io::Result<bool> {
        let code = self.code()?;
        // lock, perhaps a REX prefix, cmpxchg.
        let rest = if code[1] & 0xf0 == 0x40 { &code[2..] } else { &code[1..] };
        Ok(code[0] == 0xf0 && rest[..2] == [0x0f, 0xb1])
    }

    /// Whether the next instruction is an exchange, by which words are stored sequentially
    /// consistently.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn is_at_exchange(&self) -> io::Result<bool> {
        let code = self.code()?;
        // Perhaps a REX prefix, xchg, an operand in memory.
        let rest = if code[0] & 0xf0 == 0x40 { &code[1..] } else { &code[..] };
        Ok(rest[0] == 0x87 && rest[1] < 0xc0)
    }

    /// The bytes of the next instruction, and some of what follows.
    fn code(&self) -> io::Result<[u8; 8]> {
        let at = self.ask(libc::PTRACE_PEEKUSER, offset_of!(user_regs_struct, rip) as u64)?;
        Ok(self.ask(libc::PTRACE_PEEKTEXT, at)?.to_le_bytes())
    }

    /// Lets the worker run to the entry or the return of its next system call.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn to_system_call(&mut self) -> io::Result<Stop> {
        self.resume(libc::PTRACE_SYSCALL)
    }

    /// The registers of the worker.
    ///
    /// # Errors
    /// What ptrace says.
    pub fn registers(&self) -> io::Result<user_regs_struct> {
        // SAFETY: all fields are numbers.
        let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: a request about our own stopped child, which fills the local in.
        let done = unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.pid(), 0, &raw mut registers) };
        if done == -1 { Err(io::Error::last_os_error()) } else { Ok(registers) }
    }

    fn ask(&self, request: libc::c_uint, at: u64) -> io::Result<u64> {
        // SAFETY: reads a word of our own stopped child. -1 can be a word, so errno decides.
        unsafe {
            *libc::__errno_location() = 0;
            let word = libc::ptrace(request, self.pid(), at, 0);
            match *libc::__errno_location() {
                0 => Ok(word as u64),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}
