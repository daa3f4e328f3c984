//go:build unix

package localpg_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// xz packs data without compression, in the format of https://tukaani.org/xz/xz-file-format.txt:
// one block of uncompressed LZMA2 chunks.
func xz(data []byte) []byte {
	var (
		flags  = []byte{0, 1} // each block ends with a CRC32
		header = []byte{2, 0, 0x21, 1, 22, 0, 0, 0}
		out    = append([]byte("\xfd7zXZ\x00"), withSum(flags)...)
		block  = append(withSum(header), stored(data)...)
	)
	unpadded := len(block) + crc32.Size
	out = append(out, padded(block)...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))

	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(unpadded))
	index = binary.AppendUvarint(index, uint64(len(data)))
	index = withSum(padded(index))
	out = append(out, index...)

	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer = append(footer, flags...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(footer))
	return append(append(out, footer...), "YZ"...)
}

func stored(data []byte) []byte {
	var out []byte
	control := byte(1) // the first chunk resets the dictionary
	for len(data) > 0 {
		n := min(len(data), 1<<16)
		out = append(out, control)
		out = binary.BigEndian.AppendUint16(out, uint16(n-1))
		out = append(out, data[:n]...)
		data, control = data[n:], 2
	}
	return append(out, 0)
}

func withSum(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(b), crc32.ChecksumIEEE(b))
}

func padded(b []byte) []byte {
	return append(b, make([]byte, -len(b)&3)...)
}
