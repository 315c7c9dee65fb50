"""A telephone with voice that is told what to do: pjsua2, with PRACK demanded and session timers always on.

pjsua2_phone.py IP PROXY REALM NAME SECRET TONE_WAV RECORDING [auto]

Commands come on standard input, one a line: "call URI", "hold", "resume", "update", "transfer URI", "connect" (the other
ends of both calls), "hangup", "quit". What happens goes to standard output behind "phone: ": "registered", "calling",
"ringing", "confirmed", "transfer CODE", "disconnected CODE", "idle" (no call is left).
"""

import sys
import threading

import pjsua2 as pj

ip, proxy, realm, name, secret, tone, recording = sys.argv[1:8]
auto_answer = "auto" in sys.argv[8:]
endpoint = pj.Endpoint()
calls = []


def say(text):
    sys.stdout.write("phone: " + text + "\n")
    sys.stdout.flush()


class Call(pj.Call):
    def onCallState(self, _):
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            say("confirmed")
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            say("ringing")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            say("disconnected %d" % info.lastStatusCode)
            calls.remove(self)
            if not calls:
                say("idle")

    def onCallTransferStatus(self, progress):
        say("transfer %d" % progress.statusCode)

    def onCallMediaState(self, _):
        # The list lives as long as what it came from.
        info = self.getInfo()
        if info.media[0].status == pj.PJSUA_CALL_MEDIA_ACTIVE:
            media = self.getAudioMedia(-1)
            player.startTransmit(media)
            media.startTransmit(recorder)


class Account(pj.Account):
    def onRegState(self, info):
        say("registered" if info.code == 200 else "not registered %d" % info.code)

    def onIncomingCall(self, info):
        call = Call(self, info.callId)
        calls.append(call)
        answer = pj.CallOpParam()
        answer.statusCode = 180
        call.answer(answer)
        if auto_answer:
            answer.statusCode = 200
            call.answer(answer)


def start():
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = 4
    config.logConfig.consoleLevel = 4
    config.medConfig.noVad = True
    config.medConfig.clockRate = 8000
    endpoint.libCreate()
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.port = 5060
    transport.boundAddress = ip
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId.startswith("PCM") else 0)


def register():
    config = pj.AccountConfig()
    config.idUri = "sip:%s@%s" % (name, realm)
    config.regConfig.registrarUri = "sip:" + proxy
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", name, 0, secret))
    config.sipConfig.proxies.append("sip:%s;lr" % proxy)
    config.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS
    config.callConfig.timerMinSESec = 90
    config.callConfig.timerSessExpiresSec = 90
    config.mediaConfig.transportConfig.boundAddress = ip
    config.mediaConfig.transportConfig.port = 20000
    account = Account()
    account.create(config)
    return account


def obey(account, line):
    words = line.split()
    param = pj.CallOpParam(True)
    if words[0] == "call":
        call = Call(account)
        calls.append(call)
        call.makeCall(words[1], param)
        say("calling")
    elif words[0] == "hold":
        calls[0].setHold(pj.CallOpParam(True))
    elif words[0] == "resume":
        param.opt.flag = pj.PJSUA_CALL_UNHOLD
        calls[0].reinvite(param)
    elif words[0] == "update":
        calls[0].update(param)
    elif words[0] == "transfer":
        calls[0].xfer(words[1], param)
    elif words[0] == "connect":
        calls[0].xferReplaces(calls[1], param)
    elif words[0] == "hangup":
        calls[0].hangup(pj.CallOpParam())


def read(lines, orders):
    for line in lines:
        orders.append(line.strip())
    orders.append("quit")


start()
player = pj.AudioMediaPlayer()
player.createPlayer(tone)
recorder = pj.AudioMediaRecorder()
recorder.createRecorder(recording)
phone = register()
orders = []
threading.Thread(target=read, args=(sys.stdin, orders), daemon=True).start()
while True:
    endpoint.libHandleEvents(20)
    if orders:
        order = orders.pop(0)
        if order == "quit":
            break
        obey(phone, order)
phone.shutdown()
del player, recorder
endpoint.libDestroy()
