# SPDX-License-Identifier: GPL-2.0
#
# In self-tests, a SKIP() that would hide a failure: it makes a test that has failed
# one that was skipped. After something was expected, or in a loop, it has to be
# SKIP_REST(), which does not. Both are loops of their own: no break leaves another.
/^\{|^#else|^#define / { expected = 0; loops = 0 }
/(EXPECT_[A-Z0-9_]+|RIGHTS_OP|OP_NEEDS[A-Z_]*|EBADF_OF|NO_NAME|REFUSED|RACE|BESIDE|SEND_TO)\(|\(_metadata,/ {
	expected = 1
}
/^\t+(for|while) .*\{$|^\t+do \{$/ { match($0, /^\t+/); loop[++loops] = RLENGTH }
loops && /^\t+\}/ { match($0, /^\t+/); if (RLENGTH == loop[loops]) loops-- }
/(^|[^A-Z_])SKIP\(/ && (expected || loops) { print FILENAME ":" FNR ": " $0; bad = 1 }
/SKIP(_REST)?\((break|continue)/ { print FILENAME ":" FNR ": stays: " $0; bad = 1 }
END { exit bad }
