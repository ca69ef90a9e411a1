//! What a queue does, whatever memory it lives in. Each case runs over each place.

mod clock;
mod errors;
mod ground;
mod loans;
mod many;
mod model;
mod order;
mod shutdown;
mod sizes;
mod threads;
mod typed;

use ground::Ground;
use ringway_tests::{Folder, mounts};

macro_rules! conformance {
    ($($module:ident: $($case:ident),+;)+) => {
        conformance!(@over named, Ground::with_named, $($module: $($case),+;)+);
        conformance!(@over portable, Ground::with_portable, $($module: $($case),+;)+);
        conformance!(@over file, Ground::with_folder, $($module: $($case),+;)+);
        conformance!(@over unnamed, Ground::with_unnamed, $($module: $($case),+;)+);
        conformance!(@over heap, Ground::with_heap, $($module: $($case),+;)+);

        /// One test, because huge pages are few.
        #[test]
        fn huge_pages() {
            let folder = Folder::new("huge"); // outlives the mount on it
            mounts::privately(|| {
                if let Err(error) = mounts::hugetlbfs(&folder) {
                    eprintln!("SKIPPED: hugetlbfs cannot be mounted here: {error}");
                } else if mounts::free_huge_pages() < 64 {
                    eprintln!("SKIPPED: fewer than 64 huge pages are free (vm.nr_hugepages)");
                } else {
                    let ground = Ground::Folder(folder.to_path_buf());
                    $($($module::$case(&ground);)+)+
                }
            });
        }
    };
    (@over $place:ident, $with:path, $($module:ident: $($case:ident),+;)+) => {
        mod $place {
            use super::*;
            $(mod $module {
                use super::*;
                $(#[test]
                fn $case() {
                    $with(crate::$module::$case);
                })+
            })+
        }
    };
}

conformance! {
    order: messages_come_out_in_the_order_they_went_in, maxsize_is_exact, len_counts_what_is_queued,
        guards_do_not_delay_others, positions_wrap, both_handles_see_one_queue;
    errors: full_gives_the_value_back_and_names_the_queue, empty_names_the_queue,
        shut_down_gives_the_value_back_and_names_the_queue, too_large_tells_both_sizes, bytes_that_are_no_value_are_refused_once,
        only_a_heap_queue_cannot_be_inherited;
    sizes: every_length_at_the_edge_of_a_class_passes, an_empty_message_is_a_message, the_largest_message_may_have_one_byte;
    loans: a_loan_is_filled_and_sent, a_loan_can_be_cut_and_not_grown, a_dropped_loan_sends_nothing,
        a_full_queue_gives_the_loan_back, a_closed_queue_gives_the_loan_back, a_closed_queue_lends_nothing,
        loans_up_to_the_allowance_delay_nobody;
    many: many_go_in_and_come_out_in_order, get_many_takes_what_is_there, an_undrained_batch_frees_its_blocks,
        put_many_waits_for_places, put_many_tells_how_many_went_in,
        put_many_in_time_tells_how_many_went_in, many_without_blocks_end_in_time;
    typed: structures_pass, enums_and_options_pass, strings_beyond_the_first_guess_pass, values_go_by_reference,
        iteration_ends_with_shutdown;
    clock: timeouts_end_no_earlier_than_asked, deadlines_end_no_earlier_than_asked, a_loan_waits_for_a_block_as_long_as_asked,
        what_has_passed_still_tries_once,
        the_longest_timeout_waits, nowait_does_not_wait;
    shutdown: what_is_left_is_drained_first, at_once_drops_what_is_left, sleepers_wake, it_can_be_said_twice;
    threads: clones_share_one_queue, one_place_and_sixteen_threads, guards_and_loans_move_between_threads;
    model: any_calls_agree_with_a_deque;
}
