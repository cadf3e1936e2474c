#!/bin/sh
# Written by Ramp; changes are lost. sshd runs it as its
# AuthorizedPrincipalsCommand, with the login and the certificate's key id.
#
# It first records which process serves this connection, and then reads who is
# admitted. Revoking does the opposite: it removes the line, and then looks for
# connections. So no login gets through between the two. Where the grant is not admitted it
# says so in the record, since that is no use of the grant.
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
	admitted=
	if [ -f "$dir/principals/$user" ]; then
		admitted=$(cat "$dir/principals/$user")
	fi
	case $admitted in
	*"$grant"*) ;;
	*) record "$grant" refused ;;
	esac
	;;
esac
if [ -f "$dir/principals/$user" ]; then
	exec cat "$dir/principals/$user"
fi
