# bash's side of the session, read by the first prompt command of `bash --norc -i`. Its loop lives in PROMPT_COMMAND, so no prompt is ever read from
# the terminal. Descriptor 38 brings requests, 39 takes reports. The recorder puts two lines before these:
# __rb_nonce=... and __rb_dir=...; commands arrive as files in that folder.
#
# Rules: builtins only, by \builtin (but for `exec`), because a command may define functions of any name; no $( ), which would fork for
# every command; no function around the sourcing of a command, because `declare` in it would be local; few functions on the
# way of every command, because bash copies one whole each time it is called.
#
# Requests, a line each:
#   r ID HOW NAME      source the file NAME; HOW has a `t` when the last command may have touched the ERR trap, and a `b`
#                      when this one names descriptors that bash would otherwise keep our two in meanwhile, and an `s`
#                      when it cannot change the shell
#   q ID               source the file named last: a command that cannot change the shell, after one that left no option, trap or
#                      status to be looked after; its file's last line says how it ended. Half the work of the other
#   v ID COUNT         report COUNT variables, whose names follow, a line each
#   s ID NAME          set the variable NAME to the text that follows, up to a NUL
# While a command runs our two descriptors are closed, so that no program finds them (lvm complains of such); bash keeps
# them at the lowest free numbers from 10 up until it is back.
# Reports, NUL after each field:  nonce ID how COUNT field...   After each command, once its end is reported, a `snap`
# report tells what a new bash would need (snapshot.rs): bash writes it while the recorder syncs.
\builtin set +o history +o histexpand -E
\builtin unset HISTFILE
# A TMOUT that a command sets would be the timeout of every `read` here, so each has one of its own: three years.
\builtin export -n PROMPT_COMMAND
\builtin shopt -s execfail
\builtin shopt -u checkwinsize 2>/dev/null
__rb_kind='' __rb_new='' __rb_arg='' __rb_named='' __rb_file='' __rb_value='' __rb_left='' __rb_name=''
__rb_id='' __rb_asked='' __rb_st=0 __rb_how='' __rb_exit='' __rb_ps='' __rb_flags='' __rb_int='' __rb_nil='' __rb_dash=- __rb_parked='' __rb_all='' __rb_prompted='' __rb_sign=$'\r'
\builtin readonly __rb_nil __rb_dash __rb_nonce __rb_dir

__rb_report() { # ID how status pipestatus
  \builtin printf '%s\0' "$__rb_nonce" "$1" "$2" 4 "$3" "$4" "$PWD" "$__rb_flags" >&39 ||
    \builtin kill -9 $$ # what cannot report is of no use: `enable -n printf`, `set -r`
}
__rb_keep() { # a command may have set PROMPT_COMMAND, made an array of it, or made it readonly
  [[ ${PROMPT_COMMAND[*]-} = "$__rb_prompt" ]] || {
    \builtin unset -v PROMPT_COMMAND
    \builtin printf -v PROMPT_COMMAND %s "$__rb_prompt"
  }
}
__rb_off() { # flags: remembers the command's options; neutral ones for the code here
  \builtin set +xeuva # before any assignment, which `set -a` would export
  __rb_flags=$1$__rb_all __rb_all=''
}
__rb_on() { # letter: switches an option of the command before on again. Not `case`: under `nocasematch` E is e.
  [[ ${__rb_flags#*"$1"} = "$__rb_flags" ]] || \builtin set "-$1"
}
__rb_snap() { # ID $@
  # Ten fields; the lists end with the newline of their last line.
  \builtin printf '%s\0' "$__rb_nonce" "$1" snap 10 "$PWD" "${OLDPWD-}" "$__rb_flags" "$__rb_st"
  \builtin shift
  [[ $# = 0 ]] || \builtin printf '%q\n' "$@"
  \builtin printf '\0'
  [[ ${#DIRSTACK[@]} = 1 ]] || \builtin printf '%q\n' "${DIRSTACK[@]}"
  \builtin printf '\0'
  \builtin umask
  \builtin printf '\0'
  \builtin declare -F
  \builtin declare -f
  \builtin printf '\0'
  \builtin alias -p
  \builtin trap -p
  \builtin printf '\0'
  \builtin declare -p
  \builtin printf '\0'
}
__rb_lost() { # the last but one line of a restored state: what of it could not be restored
  [[ -z $__rb_value ]] || \builtin printf '%s\0' "$__rb_nonce" "$__rb_id" lost 1 "$__rb_value" >&39
  __rb_value=''
}
__rb_values() { # ID COUNT
  \builtin printf '%s\0' "$__rb_nonce" "$1" values $(($2 * 2)) >&39
  __rb_left=$2
  while ((__rb_left > 0)); do
    IFS= \builtin read -t 99999999 -r -u 38 __rb_name
    \builtin printf '%s\0' "${!__rb_name+set}" "${!__rb_name-}" >&39
    __rb_left=$((__rb_left - 1))
  done
}
__rb_set() { # ID NAME
  IFS= \builtin read -t 99999999 -r -d '' -u 38 __rb_value
  # `printf -v` fails on a readonly variable; an assignment would unwind to top level.
  if \builtin printf -v "$2" '%s' "$__rb_value" 2>/dev/null; then
    \builtin printf '%s\0' "$__rb_nonce" "$1" set 1 0 >&39
  else
    \builtin printf '%s\0' "$__rb_nonce" "$1" set 1 1 >&39
  fi
  __rb_value=''
}
__rb_continued() { # $-: a command said `continue` where it had no loop of its own
  __rb_off "$1"
  __rb_left continue
}
__rb_answer() { # a question, while no command runs
  __rb_asked=$__rb_new
  if [[ $__rb_kind = v ]]; then
    __rb_values "$__rb_new" "$__rb_arg"
  elif [[ $__rb_kind = s ]]; then
    __rb_set "$__rb_new" "$__rb_arg"
  fi
}
__rb_options() { # those of the command before
  __rb_on v
  __rb_on u
  __rb_on a
  __rb_on e
}
__rb_status() { # is what `$?` is
  \builtin return "$__rb_st"
}
__rb_end() { # the last line of a command's file: $? $- PIPESTATUS...
  \builtin set +xeuva # before any assignment, which `set -a` would export
  __rb_flags=$2$__rb_all __rb_all='' __rb_st=$1 __rb_how=end
  \builtin shift 2
  \builtin printf -v __rb_ps '%s ' "$@"
}
__rb_early() { # the file was left before its last line: $? $-
  __rb_off "$2"
  __rb_st=$1 __rb_ps=$1
  [[ $__rb_how != ok ]] || __rb_how=return
}
__rb_recover() { # first thing in PROMPT_COMMAND, $? $-: a command was thrown to top level
  __rb_off "$2"
  __rb_keep
  if [[ -n $__rb_int ]]; then
    \builtin eval "$__rb_int"
    __rb_int=''
  fi
  if [[ -n $__rb_id ]]; then
    __rb_st=${__rb_exit:-$1}
    [[ $__rb_how != ok ]] || __rb_how=throw
    __rb_report "$__rb_id" "$__rb_how" "$__rb_st" "${__rb_ps:-$__rb_st}"
    __rb_asked=$__rb_id __rb_id=''
  fi
}
__rb_unpark() { # after a throw; outside of any redirection, which would undo it
  [[ -n $__rb_parked ]] || \builtin return 0
  exec 2>&37 37>&-
  __rb_parked=''
}
__rb_throw() { # how status: unwinds everything to top level without leaving the shell
  if [[ ${-#*a} != "$-" ]]; then
    \builtin set +a
    __rb_all=a
  fi
  __rb_how=$1 __rb_exit=$2
  __rb_keep 2>/dev/null
  __rb_int=$(\builtin trap -p INT)
  [[ -z $__rb_int ]] || \builtin trap - INT
  # Swallows the newline bash prints. Not `\builtin exec`, which would undo the redirections.
  exec 37>&2 2>/dev/null
  __rb_parked=1
  \builtin kill -INT $$
  : "${__rb_nil:?}"
}
__rb_left() { # word: a command took the kernel's loop for its own
  \builtin printf 'bash: %s: only meaningful in a `for'\'', `while'\'', or `until'\'' loop\n' "$1" >&2
  __rb_st=1 __rb_ps=1
  __rb_report "$__rb_id" return 1 1
  __rb_asked=$__rb_id __rb_id=''
}
__rb_broke() { # $?: a stopped job breaks the loop, and so does `break`
  if [[ -z $__rb_id ]]; then
    __rb_throw idle 0
  elif (($1 > 128)); then
    __rb_throw stopped 148
  else
    __rb_left break
    __rb_throw idle 0
  fi
}
__rb_told() { # on SIGUSR1
  if [[ -n $__rb_prompted ]]; then
    __rb_prompted=''
    __rb_keep
    # What cannot be brought back is ended, and followed by another.
    [[ ${PROMPT_COMMAND-} = "$__rb_prompt" ]] || \builtin kill -9 $$
    __rb_throw throw 130
  elif [[ -n $__rb_id ]]; then
    __rb_throw aborted 124
  fi
}
exit() { # leaves the command, not the session; in a subshell it is the real one
  \builtin local __rb_was=$?
  if [[ ${BASHPID-$(exec /bin/sh -c 'echo $PPID')} != "$$" || -z $__rb_id ]]; then
    \builtin exit "${1:-$__rb_was}"
  fi
  __rb_throw exit "${1:-$__rb_was}"
}
__rb_onerr() { # the ERR trap: $? PIPESTATUS...
  if [[ ${-#*e} != "$-" && ${BASHPID-$(exec /bin/sh -c 'echo $PPID')} = "$$" && -n $__rb_id ]]; then
    \builtin local __rb_was=$1 IFS=' '
    \builtin shift
    __rb_ps="$*"
    __rb_throw errexit "$__rb_was"
  fi
}
__rb_errtrap='__rb_onerr $? "${PIPESTATUS[@]}"'
\builtin trap "$__rb_errtrap" ERR
\builtin trap '__rb_told' USR1
# A prompt is never shown, unless a command has taken PROMPT_COMMAND away and was then unwound to top level: showing it
# brings the loop back. What it prints is the sign that it was shown.
PS1='${__rb_prompted:=$__rb_sign}$(\builtin kill -USR1 $$)' PS2=''
# The way of every command. No comments in it: they can be switched off.
#   - From `go` on Ctrl-C is the command's; keys are held back until the recorder has read that.
#   - The ERR trap is looked at only after a command that mentions `trap`: it costs a fork.
#   - `$?` is the status of the command before when the next one begins, and `case` leaves it as it is.
__rb_main='{ __rb_recover "$?" "$-"; } 2>/dev/null
__rb_unpark
{ __rb_snap "${__rb_asked:-0}" "$@"; } 2>/dev/null >&39
while [[ -z $__rb_id ]] || __rb_continued "$-"; do
  __rb_asked="" __rb_kind=""
  IFS=" " \builtin read -t 99999999 -r -u 38 __rb_kind __rb_new __rb_arg __rb_named ||
    { \builtin exit 0 || \builtin kill -9 $$; }
  [[ $__rb_kind = [qr] ]] || { __rb_answer; \builtin continue; }
  __rb_how=ok __rb_exit="" __rb_ps="" __rb_id=$__rb_new
  \builtin printf "%s\\0" "$__rb_nonce" "$__rb_id" go 0 >&39
  if [[ $__rb_kind = q ]]; then
    . "$__rb_dir/$__rb_file" 38<&- 39>&-
    case $__rb_how in end) ;; *) __rb_early "$?" "$-" ;; esac
    \builtin printf "%s\\0" "$__rb_nonce" "$__rb_id" "$__rb_how" 4 "$__rb_st" "$__rb_ps" "$PWD" "$__rb_flags" >&39 ||
      \builtin kill -9 $$
    __rb_asked=$__rb_id __rb_id=""
    \builtin continue
  fi
  __rb_file=$__rb_named
  [[ $__rb_arg != *t* ]] || [[ -n $(\builtin trap -p ERR) ]] || \builtin trap "$__rb_errtrap" ERR
  [[ ${__rb_flags#*[vuae]} = "$__rb_flags" ]] || __rb_options
  if [[ $__rb_arg = *b* ]]; then
    if __rb_status; then . "$__rb_dir/$__rb_file"; else . "$__rb_dir/$__rb_file"; fi
  elif [[ $__rb_st = 0 ]]; then
    . "$__rb_dir/$__rb_file" 38<&- 39>&-
  elif __rb_status; then
    :
  else
    . "$__rb_dir/$__rb_file" 38<&- 39>&-
  fi
  {
    case $__rb_how in end) ;; *) __rb_early "$?" "$-" ;; esac
    [[ ${PROMPT_COMMAND[*]-} = "$__rb_prompt" ]] || __rb_keep
    \builtin printf "%s\\0" "$__rb_nonce" "$__rb_id" "$__rb_how" 4 "$__rb_st" "$__rb_ps" "$PWD" "$__rb_flags" >&39 ||
      \builtin kill -9 $$
    __rb_asked=$__rb_id __rb_id=""
  } 2>/dev/null
  [[ $__rb_arg = *s* ]] || { __rb_snap "$__rb_asked" "$@"; } 2>/dev/null >&39
done
__rb_broke "$?"'
# Short, because it is compared after every command.
__rb_prompt='\builtin eval "$__rb_main"'
\builtin readonly __rb_main __rb_prompt __rb_errtrap __rb_sign
PROMPT_COMMAND=$__rb_prompt
\builtin printf '%s\0' "$__rb_nonce" 0 ready 2 "$BASH_VERSION" "$PWD" >&39
