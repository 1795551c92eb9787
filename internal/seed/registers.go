package seed

import "strings"

// Words of which the names of the registers are made. Substances and procedures are those that any
// health centre knows; codes and prices are invented.
var (
	substances = strings.Split("Amoxicillin,Artemether with lumefantrine,Albendazole,Aspirin,Atenolol,Azithromycin,Benzylpenicillin,Calcium gluconate,Captopril,Ceftriaxone,Chloramphenicol,Chlorphenamine,Ciprofloxacin,Clotrimazole,Co-trimoxazole,Dexamethasone,Diazepam,Diclofenac,Digoxin,Doxycycline,Enalapril,Erythromycin,Ferrous sulphate,Fluconazole,Folic acid,Furosemide,Gentamicin,Glibenclamide,Hydrocortisone,Hyoscine,Ibuprofen,Insulin,Ketamine,Levothyroxine,Lidocaine,Loperamide,Magnesium sulphate,Mebendazole,Metformin,Methyldopa,Metoclopramide,Metronidazole,Morphine,Nifedipine,Omeprazole,Oral rehydration salts,Oxytocin,Paracetamol,Phenobarbital,Prednisolone,Promethazine,Quinine,Ranitidine,Salbutamol,Spironolactone,Tetracycline,Tramadol,Vitamin A,Vitamin B complex,Zinc sulphate", ",")
	strengths  = strings.Split("5 mg,25 mg,100 mg,250 mg,500 mg", ",")
	forms      = strings.Split("tablets,capsules,suspension,injection", ",")
	packages   = strings.Split("box of 100,bottle of 100 ml,box of 10 ampoules,strip of 10", ",")

	consumables = strings.Split("Bandage,Catheter,Cannula,Cotton wool,Crutch,Dressing set,Examination gloves,Face mask,Feeding tube,Gauze,Giving set,Lancet,Oxygen mask,Plaster of Paris,Scalpel blade,Spinal needle,Splint,Stitches,Suction tube,Surgical gloves,Syringe,Test strip,Tongue depressor,Urine bag", ",")
	sizes       = strings.Split("size 1,size 2,size 3,size 4,for children,for infants,sterile,single use,long,short,wide,narrow,soft,reinforced,with lock,coated", ",")
)

// service kinds: what the names, categories and prices of medical services are made of.
type serviceKind struct {
	share     int    // of ten
	category  string // of rules.md §5; empty: none
	kind      string // P preventive, C curative
	level     string // S simple, V visit, D day of stay, H hospital case
	care      string
	patients  int // mask of patient categories
	from      int // least level of a facility, index of facilityRanks
	low, high int // price
	names     []string
}

// Patient categories (rules.md §1.7).
const (
	men, women, adults, minors = 1, 2, 4, 8
	everybody                  = men + women + adults + minors
)

var serviceKinds = []serviceKind{
	{2, "C", "C", "V", "O", everybody, 0, 500, 2500, strings.Split("General consultation,Consultation by a clinical officer,Paediatric consultation,Dental consultation,Eye consultation,Consultation for a chronic disease", ",")},
	{1, "V", "C", "V", "O", everybody, 0, 300, 1000, strings.Split("Follow-up visit,Visit for a dressing,Visit for an injection,Home visit", ",")},
	{1, "A", "P", "V", "O", women + adults, 0, 400, 1500, strings.Split("Antenatal visit,Antenatal examination,Ultrasound in pregnancy", ",")},
	{1, "D", "C", "H", "B", women + adults, 1, 6000, 25000, strings.Split("Normal delivery,Assisted delivery,Caesarean section", ",")},
	{1, "S", "C", "H", "B", everybody, 2, 15000, 60000, strings.Split("Appendectomy,Hernia repair,Fracture reduction,Skin graft,Cataract surgery,Removal of a cyst,Laparotomy,Amputation,Wound debridement", ",")},
	{1, "H", "C", "D", "I", everybody, 2, 2000, 8000, strings.Split("Day in the general ward,Day in the children's ward,Day in the maternity ward,Day in intensive care", ",")},
	{3, "", "C", "S", "B", everybody, 0, 200, 6000, strings.Split("Blood count,Blood glucose,Malaria test,Urine analysis,Stool examination,HIV test,Sputum microscopy,Liver function test,Chest X-ray,X-ray of a limb,Abdominal ultrasound,Electrocardiogram,Dressing of a wound,Immunization,Tooth extraction,Physiotherapy session", ",")},
}

// variants keep services apart once the names run out.
var variants = strings.Split(",simple,complex,urgent,at night,repeated,by a specialist,with report,for children,for the elderly,in a group,first time,second opinion,by a nurse,extended,short,on the ward,mobile clinic", ",")

// chapters are the subjects of diagnoses by the first letter of their code.
var chapters = map[byte]string{'A': "Infection", 'B': "Infection by viruses or parasites", 'C': "Malignant tumour", 'D': "Benign tumour or disease of the blood", 'E': "Disease of metabolism",
	'F': "Mental disorder", 'G': "Disease of the nerves", 'H': "Disease of the eye or ear", 'I': "Disease of the heart or vessels", 'J': "Disease of the lungs", 'K': "Disease of digestion",
	'L': "Disease of the skin", 'M': "Disease of bones or muscles", 'N': "Disease of kidneys or bladder", 'O': "Pregnancy and delivery", 'P': "Condition of the newborn", 'Q': "Malformation",
	'R': "Symptom", 'S': "Injury", 'T': "Poisoning, burn or multiple injury", 'V': "Traffic accident", 'W': "Fall or other accident", 'X': "Exposure", 'Y': "Other outside cause", 'Z': "Contact with health services"}

// common are diagnoses that every facility sees, by their code of ICD-10.
var common = map[string]string{"A01": "Typhoid fever", "A09": "Gastroenteritis", "A15": "Tuberculosis of the lungs", "B54": "Malaria", "B76": "Hookworm", "D50": "Iron deficiency anaemia", "E11": "Type 2 diabetes",
	"E46": "Malnutrition", "G40": "Epilepsy", "H10": "Conjunctivitis", "H66": "Otitis media", "I10": "Hypertension", "I50": "Heart failure", "J06": "Upper respiratory infection", "J18": "Pneumonia", "J45": "Asthma",
	"K29": "Gastritis", "K35": "Appendicitis", "K40": "Inguinal hernia", "L03": "Cellulitis", "M54": "Back pain", "N39": "Urinary tract infection", "O80": "Normal delivery", "O82": "Delivery by caesarean section",
	"R50": "Fever", "S52": "Fracture of the forearm", "T14": "Injury", "Z34": "Supervision of pregnancy"}
