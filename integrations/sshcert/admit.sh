#!/bin/sh
# Written by Ramp; changes are lost. sshd runs it as its
# AuthorizedPrincipalsCommand, with the login and the certificate's key id.
#
# It first records which process serves this connection, and then reads who is
# admitted. Revoking does the opposite: it removes the line, and then looks for
# connections. So no login gets through between the two. Where the grant is not admitted it
# says so in the record, since that is no use of the grant. sshd runs this before the client
# has proven that it has the certificate's key, and nothing after that: a connection that
# only offers the certificate is recorded as use.
set -eu
user=$1 grant=$2 dir=$(dirname "$0")
case $user in *[!a-z0-9_-]*) exit 0 ;; esac
case $grant in
*[!a-z0-9-]*) exit 0 ;;
ramp-*)
	# The name of a program, in parentheses, may contain spaces; sshd's does not.
	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ <"/proc/$PPID/stat"
	umask 077
	record() {
		echo "$*" >"$dir/sessions/.$PPID.$$"
		mv "$dir/sessions/.$PPID.$$" "$dir/sessions/$PPID.$start"
	}
	record "$grant"
	;;
esac
# The file is read once, so that what is recorded is what sshd reads.
listed=
if [ -f "$dir/principals/$user" ]; then
	listed=$(cat "$dir/principals/$user")
fi
# lists reports whether a line admits the grant: sshd takes the last word before any # for
# the principal.
lists() {
	set -f
	while IFS= read -r line; do
		last=
		for word in ${line%%#*}; do last=$word; done
		if [ "$last" = "$grant" ]; then return 0; fi
	done
	return 1
}
case $grant in
ramp-*) printf '%s\n' "$listed" | lists || record "$grant" refused ;;
esac
printf '%s\n' "$listed"
